//! Months that end, in the books of a whole office, with a clock that is an argument.

use tollgate_api::invoices::{InvoicesService, NewInvoice};
use tollgate_storage::clock::now;

use super::*;
use crate::billing::invoices::whole::Whole;

const ZONE: &str = "Africa/Nairobi";
const KENYA: &str = "254722000001";
const MICROS_PER_DAY: u64 = 86_400_000_000;

/// Everything that is due then, from the beginning as after a restart.
fn bill_at(whole: &Whole, now: UnixMicros) {
    let mut monthly = Monthly::default();
    while whole.office().draft_monthly(&mut monthly, now).unwrap() {}
}

fn note_done(whole: &Whole, month: u32, skipped: u32) {
    whole.office().note_done(ZONE, Done { month, skipped }).unwrap();
}

/// The present month, and an instant after it has ended.
fn month_and_after() -> (Month, UnixMicros) {
    let month = month_at(&zone(ZONE).unwrap(), now()).unwrap();
    (month, UnixMicros(now().0 + 32 * MICROS_PER_DAY))
}

#[test]
fn a_month_is_drafted_once_it_has_ended_and_once_only() {
    let whole = Whole::new(true);
    bill_at(&whole, now());
    let charged: i64 = (0..3).map(|_| whole.charge("biz_test_001", KENYA).1).sum();
    bill_at(&whole, now());
    assert_eq!(whole.invoices(), []);
    let (month, after) = month_and_after();
    bill_at(&whole, after);
    let drafted = whole.invoices();
    assert_eq!(drafted.len(), 1, "who was charged nothing gets none");
    let invoice = &drafted[0];
    assert_eq!((invoice.account.as_str(), invoice.total_amount.0.micros()), ("biz_test_001", charged));
    let zone = zone(ZONE).unwrap();
    assert_eq!(Some(invoice.period_start.0), month_begins_at(&zone, month));
    assert_eq!(Some(invoice.period_end.0), month_begins_at(&zone, Month(month.0 + 1)));
    for days in [0, 1, 40, 400] {
        bill_at(&whole, UnixMicros(after.0 + days * MICROS_PER_DAY));
    }
    assert_eq!(whole.invoices(), drafted, "months without charges add none");
}

#[test]
fn downtime_is_made_up_for_month_by_month() {
    let whole = Whole::new(true);
    let (month, after) = month_and_after();
    note_done(&whole, month.0 - 4, 0);
    whole.charge("biz_test_001", KENYA);
    whole.charge("biz_test_002", KENYA);
    bill_at(&whole, after);
    let mut accounts: Vec<_> = whole.invoices().into_iter().map(|invoice| invoice.account).collect();
    accounts.sort();
    assert_eq!(accounts, ["biz_test_001", "biz_test_002"]);
}

#[test]
fn a_draft_that_somebody_made_of_the_same_month_is_not_made_again() {
    let whole = Whole::new(true);
    bill_at(&whole, now());
    whole.charge("biz_test_001", KENYA);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let new = NewInvoice {
        account: "biz_test_001".to_owned(),
        period_start: Time(month_begins_at(&zone, month).unwrap()),
        period_end: Time(month_begins_at(&zone, Month(month.0 + 1)).unwrap()),
    };
    whole.office().draft_invoice(&Caller::system(), &new).unwrap();
    let total = whole.invoices()[0].total_amount.0.micros() + whole.charge("biz_test_001", KENYA).1;
    bill_at(&whole, after);
    assert_eq!(whole.invoices().len(), 1);
    assert_eq!(whole.invoices()[0].total_amount.0.micros(), total, "it is brought up to date");
    // Cancelled, it leaves its period to whoever asks for it, and not to the schedule.
    let number = whole.invoices()[0].invoice_number.clone();
    let cancellation = tollgate_api::invoices::Cancellation { reason: "wrong".to_owned() };
    let if_match = tollgate_api::extract::IfMatch(None);
    whole.office().cancel_invoice(&Caller::system(), &number, if_match, cancellation).unwrap();
    bill_at(&whole, after);
    assert_eq!(whole.invoices().len(), 1);
}

#[test]
fn without_monthly_invoices_months_pass_by() {
    let whole = Whole::new(false);
    bill_at(&whole, now());
    whole.charge("biz_test_001", KENYA);
    let (month, after) = month_and_after();
    bill_at(&whole, after);
    assert_eq!(whole.invoices(), []);
    let done = whole.office().kept_document::<Done>(COUNTERS, &zone_key(ZONE)).unwrap();
    assert_eq!(done.map(|(_, done)| done), Some(Done { month: month.0, skipped: month.0 }));
}

#[test]
fn after_a_plan_of_another_zone_a_period_begins_where_the_last_one_ended() {
    let whole = Whole::new(true);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let begins = month_begins_at(&zone, month).unwrap();
    // As if the month before had ended some time into this one.
    let until = Time(UnixMicros(begins.0 + 60_000_000));
    let system = Caller::system();
    let mut work = whole.office().context.change(&system);
    let through = Through { month: month.0 - 1, until };
    Progress { expected: Expected::Absent, through }.write(&mut work, "biz_test_001");
    work.commit().unwrap();
    note_done(&whole, month.0 - 1, 0);
    whole.charge("biz_test_001", KENYA);
    bill_at(&whole, after);
    assert_eq!(whole.invoices()[0].period_start, until);
}

#[test]
fn months_that_passed_by_on_purpose_are_not_made_up_for() {
    let whole = Whole::new(true);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let system = Caller::system();
    let mut work = whole.office().context.change(&system);
    let until = Time(month_begins_at(&zone, Month(month.0 - 5)).unwrap());
    let through = Through { month: month.0 - 6, until };
    Progress { expected: Expected::Absent, through }.write(&mut work, "biz_test_001");
    work.commit().unwrap();
    note_done(&whole, month.0 - 1, month.0 - 1);
    whole.charge("biz_test_001", KENYA);
    bill_at(&whole, after);
    assert_eq!(Some(whole.invoices()[0].period_start.0), month_begins_at(&zone, month));
}
