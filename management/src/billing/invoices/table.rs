//! Invoices, and the lines of one, as rows of tables. The columns are the fields of the JSON; those of a line have its invoice's
//! first, and the line's details last.

use tollgate_api::invoices::{Invoice, InvoiceLine, InvoiceSummary};

use tollgate_exports::{Cell, Table};

/// The table of invoices.
pub const INVOICES: Table = Table {
    name: "Invoices",
    columns: &[
        "id",
        "invoice_number",
        "account",
        "issued_by",
        "period_start",
        "period_end",
        "total_amount",
        "tax_amount",
        "gross_amount",
        "amount_due",
        "amount_paid",
        "amount_open",
        "currency",
        "status",
        "payment_status",
        "created_at",
        "issued_at",
        "due_at",
        "paid_at",
        "reopened_at",
    ],
};

/// The table of an invoice's lines.
pub const LINES: Table = Table {
    name: "Lines",
    columns: &[
        "invoice_number",
        "account",
        "period_start",
        "period_end",
        "currency",
        "description",
        "quantity",
        "unit_price",
        "total",
        "category",
        "messages",
        "is_refund",
        "is_resale",
        "mcc",
        "mnc",
        "network",
        "country_code",
    ],
};

/// The row of an invoice.
pub fn of_invoice(invoice: &InvoiceSummary) -> Vec<Cell> {
    vec![
        invoice.id.as_str().into(),
        invoice.invoice_number.as_deref().into(),
        invoice.account.as_str().into(),
        invoice.issued_by.as_deref().into(),
        invoice.period_start.into(),
        invoice.period_end.into(),
        invoice.total_amount.into(),
        invoice.tax_amount.into(),
        invoice.gross_amount.into(),
        invoice.amount_due.into(),
        invoice.amount_paid.into(),
        invoice.amount_open.into(),
        invoice.currency.into(),
        Cell::named(&invoice.status),
        invoice.payment_status.map_or(Cell::Empty, |status| Cell::named(&status)),
        invoice.created_at.into(),
        invoice.issued_at.into(),
        invoice.due_at.into(),
        invoice.paid_at.into(),
        invoice.reopened_at.into(),
    ]
}

/// The row of one of its lines.
pub fn of_line(invoice: &Invoice, line: &InvoiceLine) -> Vec<Cell> {
    let details = &line.details;
    vec![
        invoice.invoice_number.as_deref().into(),
        invoice.account.as_str().into(),
        invoice.period_start.into(),
        invoice.period_end.into(),
        invoice.currency.into(),
        line.description.as_str().into(),
        Cell::number(line.quantity),
        line.unit_price.into(),
        line.total.into(),
        Cell::named(&line.category),
        Cell::number(details.messages),
        Cell::Flag(details.is_refund),
        Cell::Flag(details.is_resale),
        details.mcc.as_deref().into(),
        details.mnc.as_deref().into(),
        details.network.as_deref().into(),
        details.country_code.as_deref().into(),
    ]
}

#[cfg(test)]
mod tests {
    use tollgate_api::invoices::{InvoicePayments, InvoiceStatus, LineCategory, LineDetails, PaymentStatus};
    use tollgate_api::money::{CurrencyCode, Money};
    use tollgate_api::time::Time;
    use tollgate_engine::money::{Amount, Currency};
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::billing::invoices::record::{Content, InvoiceRecord, Parties};
    use crate::downloads::json_rows;

    const START: Time = Time(UnixMicros(1_000_000));

    fn currency() -> CurrencyCode {
        CurrencyCode(Currency::new("USD").unwrap())
    }

    #[test]
    fn the_columns_are_the_fields_of_the_json() {
        let invoice = InvoiceSummary {
            id: "inv_1".to_owned(),
            invoice_number: Some("INV-2026-000001".to_owned()),
            account: "acme".to_owned(),
            issued_by: None,
            period_start: START,
            period_end: Time(UnixMicros(2_000_000)),
            total_amount: Money(Amount::from_micros(-1)),
            tax_amount: Money(Amount::from_micros(2)),
            gross_amount: Money(Amount::from_micros(1)),
            amount_due: Some(Money(Amount::from_micros(3))),
            amount_paid: Money(Amount::from_micros(1)),
            amount_open: Some(Money(Amount::from_micros(2))),
            currency: currency(),
            status: InvoiceStatus::Overdue,
            payment_status: Some(PaymentStatus::Overdue),
            created_at: START,
            issued_at: Some(START),
            due_at: Some(START),
            paid_at: None,
            reopened_at: None,
        };
        let expected = serde_json::to_value(&invoice).unwrap();
        assert_eq!(json_rows(INVOICES, &[of_invoice(&invoice)]), [expected]);
    }

    #[test]
    fn a_line_has_the_fields_of_its_details_and_those_that_tell_its_invoice() {
        let line = InvoiceLine {
            description: "+SMS to Safaricom".to_owned(),
            quantity: 3,
            unit_price: Money(Amount::from_micros(20_000)),
            total: Money(Amount::from_micros(-60_000)),
            category: LineCategory::Sms,
            details: LineDetails {
                messages: 2,
                is_refund: true,
                is_resale: true,
                mcc: Some("639".to_owned()),
                mnc: Some("02".to_owned()),
                network: Some("Safaricom".to_owned()),
                country_code: Some("KE".to_owned()),
            },
        };
        let content = Content {
            lines: vec![line.clone()],
            total: line.total,
            exact: None,
            payments: InvoicePayments::default(),
            tariff_versions: Vec::new(),
        };
        let period = START.0..UnixMicros(2_000_000);
        let parts = (content, Parties::default());
        let mut record =
            InvoiceRecord::draft("inv_1".to_owned(), ("acme", currency()), &period, parts, START.0);
        record.number = "INV-2026-000001".to_owned();
        let invoice = record.view("https://billing.example.com");
        let mut expected = serde_json::to_value(&line).unwrap();
        let fields = expected.as_object_mut().unwrap();
        let details = fields.remove("details").unwrap();
        fields.extend(details.as_object().unwrap().clone());
        let whole = serde_json::to_value(&invoice).unwrap();
        for name in ["invoice_number", "account", "period_start", "period_end", "currency"] {
            fields.insert(name.to_owned(), whole[name].clone());
        }
        assert_eq!(json_rows(LINES, &[of_line(&invoice, &line)]), [expected]);
    }
}
