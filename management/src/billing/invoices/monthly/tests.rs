//! Months that end, in books of their own, with a clock that is an argument.

use tollgate_api::invoice_terms::InvoiceTermsService;
use tollgate_api::invoices::{InvoiceStatus, InvoicesService, NewInvoice};
use tollgate_api::statements::{StatementsQuery, StatementsService};
use tollgate_engine::time::Month;
use tollgate_storage::clock::now;

use super::*;
use crate::billing::invoices::test_books::TestBooks;
use crate::billing::period::month_begins_at;

const ZONE: &str = "Africa/Nairobi";
const KENYA: &str = "254722000001";
const MICROS_PER_DAY: u64 = 86_400_000_000;

/// Everything that is due then, from the beginning as after a restart.
fn bill_at(books: &TestBooks, now: UnixMicros) {
    let mut monthly = MonthlyInvoices::new(Arc::clone(books.invoices()));
    while monthly.draft(now).unwrap() {}
}

fn note_month(books: &TestBooks, month: u32, skipped: u32) {
    note_done(books.context(), (ZONE, Cycle::Monthly), Done { month, skipped }).unwrap();
}

/// The present month, and an instant after it has ended.
fn month_and_after() -> (Month, UnixMicros) {
    let month = Month(Cycle::Monthly.number_at(now(), &zone(ZONE).unwrap()).unwrap());
    let ended = month_begins_at(&zone(ZONE).unwrap(), Month(month.0 + 1)).unwrap();
    (month, UnixMicros(ended.0 + MICROS_PER_DAY))
}

#[test]
fn a_month_is_drafted_once_it_has_ended_and_once_only() {
    let books = TestBooks::new(true);
    bill_at(&books, now());
    let charged: i64 = (0..3).map(|_| books.charge("biz_test_001", KENYA).1).sum();
    bill_at(&books, now());
    assert_eq!(books.listed(), []);
    let (month, after) = month_and_after();
    bill_at(&books, after);
    let drafted = books.listed();
    assert_eq!(drafted.len(), 1, "who was charged nothing gets none");
    let invoice = &drafted[0];
    assert_eq!((invoice.account.as_str(), invoice.total_amount.0.micros()), ("biz_test_001", charged));
    let zone = zone(ZONE).unwrap();
    assert_eq!(Some(invoice.period_start.0), month_begins_at(&zone, month));
    assert_eq!(Some(invoice.period_end.0), month_begins_at(&zone, Month(month.0 + 1)));
    for days in [0, 1, 40, 400] {
        bill_at(&books, UnixMicros(after.0 + days * MICROS_PER_DAY));
    }
    assert_eq!(books.listed(), drafted, "months without charges add none");
}

#[test]
fn downtime_is_made_up_for_month_by_month() {
    let books = TestBooks::new(true);
    let (month, after) = month_and_after();
    note_month(&books, month.0 - 4, 0);
    books.charge("biz_test_001", KENYA);
    books.charge("biz_test_002", KENYA);
    bill_at(&books, after);
    let mut accounts: Vec<_> = books.listed().into_iter().map(|invoice| invoice.account).collect();
    accounts.sort();
    assert_eq!(accounts, ["biz_test_001", "biz_test_002"]);
}

#[test]
fn a_draft_that_somebody_made_of_the_same_month_is_not_made_again() {
    let books = TestBooks::new(true);
    bill_at(&books, now());
    books.charge("biz_test_001", KENYA);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let new = NewInvoice {
        account: "biz_test_001".to_owned(),
        period_start: Time(month_begins_at(&zone, month).unwrap()),
        period_end: Time(month_begins_at(&zone, Month(month.0 + 1)).unwrap()),
    };
    books.invoices().draft_invoice(&Caller::system(), &new).unwrap();
    let total = books.listed()[0].total_amount.0.micros() + books.charge("biz_test_001", KENYA).1;
    bill_at(&books, after);
    assert_eq!(books.listed().len(), 1);
    assert_eq!(books.listed()[0].total_amount.0.micros(), total, "it is brought up to date");
    // Cancelled, it leaves its period to whoever asks for it, and not to the schedule.
    let number = books.listed()[0].id.clone();
    let cancellation = tollgate_api::invoices::Cancellation { reason: "wrong".to_owned() };
    let if_match = tollgate_api::extract::IfMatch(None);
    books.invoices().cancel_invoice(&Caller::system(), &number, if_match, cancellation).unwrap();
    bill_at(&books, after);
    assert_eq!(books.listed().len(), 1);
}

#[test]
fn without_monthly_invoices_months_pass_by() {
    let books = TestBooks::new(false);
    bill_at(&books, now());
    books.charge("biz_test_001", KENYA);
    let (month, after) = month_and_after();
    bill_at(&books, after);
    assert_eq!(books.listed(), []);
    let done = zone_progress(books.context().store(), ZONE, Cycle::Monthly).unwrap();
    assert_eq!(done, Some(Done { month: month.0, skipped: month.0 }));
}

#[test]
fn after_a_plan_of_another_zone_a_period_begins_where_the_last_one_ended() {
    let books = TestBooks::new(true);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let begins = month_begins_at(&zone, month).unwrap();
    // As if the month before had ended some time into this one.
    let until = Time(UnixMicros(begins.0 + 60_000_000));
    let system = Caller::system();
    let mut changes = books.context().change(&system);
    let through = Through { month: month.0 - 1, until };
    Progress { expected: Expected::Absent, through }.write(&mut changes, "biz_test_001");
    changes.commit().unwrap();
    note_month(&books, month.0 - 1, 0);
    books.charge("biz_test_001", KENYA);
    bill_at(&books, after);
    assert_eq!(books.listed()[0].period_start, until);
}

#[test]
fn months_that_passed_by_on_purpose_are_not_made_up_for() {
    let books = TestBooks::new(true);
    let (month, after) = month_and_after();
    let zone = zone(ZONE).unwrap();
    let system = Caller::system();
    let mut changes = books.context().change(&system);
    let until = Time(month_begins_at(&zone, Month(month.0 - 5)).unwrap());
    let through = Through { month: month.0 - 6, until };
    Progress { expected: Expected::Absent, through }.write(&mut changes, "biz_test_001");
    changes.commit().unwrap();
    note_month(&books, month.0 - 1, month.0 - 1);
    books.charge("biz_test_001", KENYA);
    bill_at(&books, after);
    assert_eq!(Some(books.listed()[0].period_start.0), month_begins_at(&zone, month));
}

#[test]
fn what_was_invoiced_already_is_left_out_of_the_month() {
    let books = TestBooks::new(true);
    bill_at(&books, now());
    books.charge("biz_test_001", KENYA);
    let (from, to) = (UnixMicros(now().0 - 1_000_000), UnixMicros(now().0 + 1));
    while now() <= to {
        std::hint::spin_loop();
    }
    let system = Caller::system();
    let new =
        NewInvoice { account: "biz_test_001".to_owned(), period_start: Time(from), period_end: Time(to) };
    let number = books.invoices().draft_invoice(&system, &new).unwrap().invoice.value.id;
    let if_match = tollgate_api::extract::IfMatch(None);
    books.invoices().send_invoice(&system, &number, if_match).unwrap();
    let later = books.charge("biz_test_001", KENYA).1;
    let (month, after) = month_and_after();
    bill_at(&books, after);
    let rest: Vec<_> =
        books.listed().into_iter().filter(|invoice| invoice.status == InvoiceStatus::Draft).collect();
    assert_eq!(rest.len(), 1, "what comes before the invoice has no charges");
    assert_eq!((rest[0].total_amount.0.micros(), rest[0].period_start), (later, Time(to)));
    assert_eq!(Some(rest[0].period_end.0), month_begins_at(&zone(ZONE).unwrap(), Month(month.0 + 1)));
    bill_at(&books, after);
    assert_eq!(books.listed().len(), 2, "once only");
    books.invoices().send_invoice(&system, &rest[0].id, if_match).unwrap_err();
}

#[test]
fn an_account_that_was_removed_in_the_month_is_invoiced() {
    let books = TestBooks::new(true);
    bill_at(&books, now());
    let charged = books.charge("biz_test_001", KENYA).1;
    let mut files = (*books.context().core.configuration.files()).clone();
    files.provisioning.accounts.retain(|account| &*account.account.id != "biz_test_001");
    books.context().core.configuration.change().apply(Arc::new(files)).unwrap();
    assert!(books.context().core.snapshot.load().by_account("biz_test_001").is_none());
    bill_at(&books, month_and_after().1);
    let drafted = books.listed();
    assert_eq!(drafted.len(), 1);
    assert_eq!((drafted[0].account.as_str(), drafted[0].total_amount.0.micros()), ("biz_test_001", charged));
}

/// Sets the invoice terms of an account.
fn set_terms(books: &TestBooks, terms: serde_json::Value) {
    let terms = serde_json::from_value(terms).unwrap();
    let if_match = tollgate_api::extract::IfMatch(None);
    let of_books = books.invoices().terms();
    of_books.set_invoice_terms(&Caller::system(), "biz_test_001", if_match, terms).unwrap();
}

#[test]
fn a_prepaid_account_gets_a_statement_once_and_no_invoice() {
    let books = TestBooks::with(true, |_| {});
    bill_at(&books, now());
    let charged = books.charge("biz_test_001", KENYA).1;
    let after = month_and_after().1;
    bill_at(&books, after);
    bill_at(&books, UnixMicros(after.0 + 40 * MICROS_PER_DAY));
    assert_eq!(books.listed(), []);
    let query = StatementsQuery { account: Some("biz_test_001".to_owned()), ..StatementsQuery::default() };
    let statements = books.invoices().statements(&Caller::system(), &query).unwrap().items;
    assert_eq!(statements.len(), 1);
    let statement = &statements[0];
    let moved: i128 = statement.movements.iter().map(|movement| movement.amount.0.micros()).sum();
    let (opening, closing) = (statement.opening_balance.0.micros(), statement.closing_balance.0.micros());
    assert_eq!(opening + moved, closing);
    assert_eq!(statement.movements[0].amount.0.micros(), i128::from(-charged));
}

#[test]
fn a_year_of_days_is_invoiced_day_by_day_and_sent() {
    let books = TestBooks::new(true);
    set_terms(&books, serde_json::json!({ "cycle": "daily", "send_automatically": true }));
    bill_at(&books, now());
    let mut charged: i64 = (0..3).map(|_| books.charge("biz_test_001", KENYA).1).sum();
    let zone = zone(ZONE).unwrap();
    let tomorrow = tomorrow(&zone);
    for day in 0..366 {
        // The clock goes back now and then.
        for back in [0, day % 3] {
            bill_at(&books, UnixMicros(tomorrow.0 + (day - back) * MICROS_PER_DAY + 3_000_000));
        }
    }
    let drafted = books.listed();
    assert_eq!(drafted.len(), 1, "days without charges have none");
    assert_eq!(drafted[0].period_end.0, tomorrow);
    assert_eq!(drafted[0].total_amount.0.micros(), charged);
    // The real clock has not passed the day, so that it cannot be sent yet, and waits as a draft.
    books.invoices().send_waiting().unwrap();
    assert_eq!(books.listed()[0].status, InvoiceStatus::Draft);
    charged += books.charge("biz_test_001", KENYA).1;
    assert!(charged > drafted[0].total_amount.0.micros());
}

/// The first instant of the day after this one.
fn tomorrow(zone: &TimeZone) -> UnixMicros {
    Cycle::Daily.begins_at(Cycle::Daily.number_at(now(), zone).unwrap() + 1, zone).unwrap()
}

#[test]
fn a_cycle_begins_with_the_period_in_which_it_is_chosen_however_soon_that_ends() {
    let books = TestBooks::new(true);
    // As if the account had been invoiced by the month since last year, and nothing of it is on an invoice yet.
    let (month, _) = month_and_after();
    note_month(&books, month.0 - 1, 0);
    let charged = books.charge("biz_test_001", KENYA).1;
    set_terms(&books, serde_json::json!({ "cycle": "daily", "send_automatically": true }));
    // The schedule has not looked since: the day ends first.
    let zone = zone(ZONE).unwrap();
    let midnight = tomorrow(&zone);
    bill_at(&books, UnixMicros(midnight.0 + 3_000_000));
    let drafted = books.listed();
    assert_eq!(drafted.len(), 1);
    assert_eq!((drafted[0].total_amount.0.micros(), drafted[0].period_end.0), (charged, midnight));
    bill_at(&books, UnixMicros(midnight.0 + 40 * MICROS_PER_DAY));
    assert_eq!(books.listed(), drafted);
}

#[test]
fn charges_of_a_month_that_ends_while_the_cycle_changes_are_not_lost() {
    let books = TestBooks::new(true);
    let (month, _) = month_and_after();
    // The month before has ended, and the schedule has not come to it when the account gets days instead.
    note_month(&books, month.0 - 2, 0);
    set_terms(&books, serde_json::json!({ "cycle": "daily" }));
    let zone = zone(ZONE).unwrap();
    let (_, through) =
        stored_document::<Through>(books.context().store(), COUNTERS, &account_key("biz_test_001"))
            .unwrap()
            .unwrap();
    assert_eq!(Some(through.until.0), month_begins_at(&zone, Month(month.0 - 1)));
    books.charge("biz_test_001", KENYA);
    bill_at(&books, UnixMicros(tomorrow(&zone).0 + 3_000_000));
    // Days without charges before it have no invoice of their own.
    assert_eq!(books.listed().len(), 1);
    // Weeks go on where the days have ended.
    set_terms(&books, serde_json::json!({ "cycle": "weekly" }));
    bill_at(&books, UnixMicros(tomorrow(&zone).0 + 9 * MICROS_PER_DAY));
    assert_eq!(books.listed().len(), 1);
}
