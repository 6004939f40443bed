//! Invoices as the API shows them, made from what the books keep.

use jiff::tz::TimeZone;
use tollgate_api::invoice_terms::Party;
use tollgate_api::invoices::{Invoice, InvoiceStatus, InvoiceSummary, InvoiceTax, PaymentStatus};
use tollgate_api::money::Money;
use tollgate_api::time::Time;
use tollgate_billing::period::date_at;

use super::record::{Content, InvoiceRecord, Parties, shown};

impl InvoiceRecord {
    /// The invoice as lists show it.
    pub fn summary(&self) -> InvoiceSummary {
        InvoiceSummary {
            id: self.shown_id(),
            invoice_number: self.shown_number(),
            account: self.account.clone(),
            issued_by: self.parties.as_ref().and_then(|parties| parties.issued_by.clone()),
            period_start: self.period_start,
            period_end: self.period_end,
            total_amount: self.content.total,
            tax_amount: self.tax_amount(),
            gross_amount: shown(self.gross()),
            amount_due: self.amount_due,
            amount_paid: shown(self.settled().map(|settled| settled.paid).unwrap_or_default()),
            amount_open: self.amount_open(),
            currency: self.currency,
            status: self.status,
            payment_status: self.payment_status(),
            created_at: self.created_at,
            issued_at: self.issued_at,
            due_at: self.due_at,
            paid_at: self.paid_at,
            reopened_at: self.reopened_at,
        }
    }

    /// The whole invoice, with its page below this address.
    pub fn view(self, public_url: &str) -> Invoice {
        let (summary, pay_link) = (self.summary(), self.pay_link(public_url));
        let (exact_amount, amount_credited) = (self.exact(), self.amount_credited);
        let parties = self.parties.unwrap_or_else(|| plain_parties(&summary.account));
        let zone = TimeZone::get(&parties.time_zone).unwrap_or(TimeZone::UTC);
        let date = |at: Option<Time>| at.and_then(|at| date_at(at.0, &zone)).map(|date| date.to_string());
        let Parties { issued_by, seller, buyer, tax, tax_amount, time_zone } = parties;
        let Content { lines, total, exact: _, payments, tariff_versions } = self.content;
        Invoice {
            id: summary.id,
            invoice_number: summary.invoice_number,
            account: summary.account,
            issued_by,
            period_start: summary.period_start,
            period_end: summary.period_end,
            time_zone,
            issue_date: date(self.issued_at),
            due_date: date(self.due_at),
            seller,
            buyer,
            total_amount: total,
            exact_amount,
            tax: InvoiceTax {
                category: tax.category,
                rate_percent: tax.rate_percent,
                reason: tax.reason,
                base: total,
                amount: tax_amount,
            },
            gross_amount: summary.gross_amount,
            amount_due: summary.amount_due,
            amount_paid: summary.amount_paid,
            amount_credited,
            amount_open: summary.amount_open,
            currency: summary.currency,
            status: summary.status,
            payment_status: summary.payment_status,
            line_items: lines,
            payments,
            tariff_versions,
            credit_notes: self.credit_notes,
            created_at: summary.created_at,
            issued_at: summary.issued_at,
            due_at: summary.due_at,
            pay_link,
            paid_at: summary.paid_at,
            reopened_at: summary.reopened_at,
            payment_reference: self.payment_reference,
            cancelled_at: self.cancelled_at,
            cancel_reason: self.cancel_reason,
            content_hash: self.content_hash,
        }
    }

    fn payment_status(&self) -> Option<PaymentStatus> {
        payment_status(self.status, self.amount_open().is_some_and(|open| open.is_zero()))
    }

    /// A draft of an earlier version has its number only.
    fn shown_id(&self) -> String {
        if self.id.is_empty() { self.number.clone() } else { self.id.clone() }
    }

    fn shown_number(&self) -> Option<String> {
        Some(self.number.clone()).filter(|number| !number.is_empty())
    }
}

fn payment_status(status: InvoiceStatus, is_settled: bool) -> Option<PaymentStatus> {
    match status {
        InvoiceStatus::Draft | InvoiceStatus::Cancelled => None,
        InvoiceStatus::Paid => Some(PaymentStatus::Paid),
        InvoiceStatus::Sent | InvoiceStatus::Overdue if is_settled => Some(PaymentStatus::Paid),
        InvoiceStatus::Sent => Some(PaymentStatus::Pending),
        InvoiceStatus::Overdue => Some(PaymentStatus::Overdue),
    }
}

/// A summary as it is in the books. What an earlier version wrote has no id, tax or status of its money.
pub fn read_summary(body: &[u8]) -> serde_json::Result<InvoiceSummary> {
    let mut summary: InvoiceSummary = serde_json::from_slice(body)?;
    if summary.id.is_empty() {
        summary.id = summary.invoice_number.clone().unwrap_or_default();
        summary.gross_amount = summary.total_amount;
        let is_paid = summary.status == InvoiceStatus::Paid;
        if let Some(due) = summary.amount_due {
            let nothing = Money::default();
            let (paid, open) = if is_paid { (due, nothing) } else { (nothing, due) };
            (summary.amount_paid, summary.amount_open) = (paid, Some(open));
        }
        let is_settled = summary.amount_open.is_some_and(|open| open.is_zero());
        summary.payment_status = payment_status(summary.status, is_settled);
    }
    Ok(summary)
}

fn plain_parties(account: &str) -> Parties {
    let buyer = Party { name: Some(account.to_owned()), ..Party::default() };
    Parties { buyer, time_zone: "UTC".to_owned(), ..Parties::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_an_earlier_version_is_completed() {
        let body = r#"{"invoice_number":"INV-2026-000007","account":"acme","period_start":"2026-10-01T00:00:00Z",
            "period_end":"2026-11-01T00:00:00Z","total_amount":"0.105","amount_due":"0.10","currency":"USD","status":"STATUS",
            "created_at":"2026-11-01T00:00:10Z","issued_at":null,"due_at":null,"paid_at":null}"#;
        for (status, payment, open) in [
            ("draft", None, "0.10"),
            ("sent", Some(PaymentStatus::Pending), "0.10"),
            ("overdue", Some(PaymentStatus::Overdue), "0.10"),
            ("paid", Some(PaymentStatus::Paid), "0.00"),
        ] {
            let summary = read_summary(body.replace("STATUS", status).as_bytes()).unwrap();
            assert_eq!((summary.id.as_str(), summary.gross_amount.0.micros()), ("INV-2026-000007", 105_000));
            assert_eq!(summary.payment_status, payment, "{status}");
            assert_eq!(summary.amount_open.unwrap().0.to_string(), open, "{status}");
        }
    }
}
