//! Periods of one account that overlap. No charge may be on two invoices that are issued.

use std::ops::Range;

use tollgate_api::answer::Answer;
use tollgate_api::invoices::{InvoiceStatus, InvoiceSummary};
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

use super::record::list_prefix;
use super::view::read_summary;
use crate::collections::INVOICES;
use crate::problems::unavailable;

/// Length of a day, as periods are measured.
pub const MICROS_PER_DAY: u64 = 86_400_000_000;
/// Days in the period of an invoice.
pub const PERIOD_DAYS_MAX: u64 = 400;

/// The invoices of an account that are issued and have a part of this period, the earliest first.
pub fn issued(store: &Store, account: &str, period: &Range<UnixMicros>) -> Answer<Vec<InvoiceSummary>> {
    let prefix = list_prefix(account);
    // An invoice that begins earlier has ended before the period begins.
    let earliest = period.start.0.saturating_sub(PERIOD_DAYS_MAX * MICROS_PER_DAY);
    let after = format!("{prefix}{earliest:020}");
    let (mut found, mut fault) = (Vec::new(), None);
    let read = store.documents().list(INVOICES, prefix.as_bytes(), Some(after.as_bytes()), |_, row| {
        match read_summary(&row.body) {
            Ok(invoice) if invoice.period_start.0 >= period.end => return false,
            Ok(invoice) => found.extend(Some(invoice).filter(|invoice| is_issued_in(invoice, period))),
            Err(error) => fault = Some(error),
        }
        fault.is_none()
    });
    read.map_err(|error| unavailable(&error))?;
    match fault {
        Some(error) => {
            tracing::error!(%error, "an invoice cannot be read");
            Err(Problem::internal("an invoice of the books cannot be read"))
        }
        None => Ok(found),
    }
}

fn is_issued_in(invoice: &InvoiceSummary, period: &Range<UnixMicros>) -> bool {
    let is_issued = match invoice.status {
        InvoiceStatus::Sent | InvoiceStatus::Overdue | InvoiceStatus::Paid => true,
        InvoiceStatus::Draft | InvoiceStatus::Cancelled => false,
    };
    is_issued && invoice.period_start.0 < period.end && invoice.period_end.0 > period.start
}

/// Refuses a period of which a part is on an issued invoice.
pub fn check_free(store: &Store, account: &str, period: &Range<UnixMicros>) -> Answer<()> {
    let Some(other) = issued(store, account, period)?.into_iter().next() else { return Ok(()) };
    let number = other.invoice_number.as_deref().unwrap_or(&other.id);
    let (from, to) = (other.period_start.0, other.period_end.0);
    Err(Problem::wrong_state(format!(
        "the period overlaps that of {number}, which is issued for {} to {}; no charge may be on two invoices",
        from.to_rfc3339(),
        to.to_rfc3339(),
    )))
}

/// The parts of a period that are on none of these invoices, which are in the order of their beginnings.
pub fn gaps(period: &Range<UnixMicros>, issued: &[InvoiceSummary]) -> Vec<Range<UnixMicros>> {
    let (mut gaps, mut from) = (Vec::new(), period.start);
    for invoice in issued {
        if invoice.period_start.0 > from {
            gaps.push(from..invoice.period_start.0);
        }
        from = from.max(invoice.period_end.0);
    }
    if from < period.end {
        gaps.push(from..period.end);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use tollgate_api::money::{CurrencyCode, Money};
    use tollgate_api::time::Time;
    use tollgate_engine::money::Currency;

    use super::*;

    fn invoice(start: u64, end: u64, status: InvoiceStatus) -> InvoiceSummary {
        InvoiceSummary {
            id: String::new(),
            invoice_number: None,
            account: String::new(),
            issued_by: None,
            period_start: Time(UnixMicros(start)),
            period_end: Time(UnixMicros(end)),
            total_amount: Money::default(),
            tax_amount: Money::default(),
            gross_amount: Money::default(),
            amount_due: None,
            amount_paid: Money::default(),
            amount_open: None,
            payment_status: None,
            currency: CurrencyCode(Currency::new("USD").unwrap()),
            status,
            created_at: Time::default(),
            issued_at: None,
            due_at: None,
            paid_at: None,
            reopened_at: None,
        }
    }

    #[test]
    fn gaps_are_what_no_invoice_has() {
        let gaps_of = |issued: &[(u64, u64)]| -> Vec<(u64, u64)> {
            let issued: Vec<_> =
                issued.iter().map(|(from, to)| invoice(*from, *to, InvoiceStatus::Sent)).collect();
            let gaps = gaps(&(UnixMicros(10)..UnixMicros(20)), &issued);
            gaps.into_iter().map(|gap| (gap.start.0, gap.end.0)).collect()
        };
        assert_eq!(gaps_of(&[]), [(10, 20)]);
        assert_eq!(gaps_of(&[(10, 20)]), []);
        assert_eq!(gaps_of(&[(5, 25)]), []);
        assert_eq!(gaps_of(&[(5, 12), (14, 15), (18, 30)]), [(12, 14), (15, 18)]);
        // Books of earlier versions may have invoices that overlap one another.
        assert_eq!(gaps_of(&[(11, 16), (12, 14), (16, 17)]), [(10, 11), (17, 20)]);
    }

    #[test]
    fn periods_that_follow_one_another_do_not_overlap() {
        let period = UnixMicros(10)..UnixMicros(20);
        for (start, end, overlaps) in
            [(0, 10, false), (0, 11, true), (19, 30, true), (20, 30, false), (12, 13, true)]
        {
            let sent = invoice(start, end, InvoiceStatus::Sent);
            assert_eq!(is_issued_in(&sent, &period), overlaps, "{start} to {end}");
            for status in [InvoiceStatus::Draft, InvoiceStatus::Cancelled] {
                assert!(!is_issued_in(&invoice(start, end, status), &period));
            }
        }
    }
}
