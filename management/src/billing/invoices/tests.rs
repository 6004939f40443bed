//! Invoices compared with a plain list of everything that was charged and refunded, for random events and periods.

use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoice_terms::InvoiceTerms;
use tollgate_api::invoices::{InvoiceStatus, InvoicesService, LineCategory, NewInvoice};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::MailRecord;
use tollgate_notifications::event_record::EventRecord;
use tollgate_notifications::jobs::record::JobWork;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use super::payment;
use super::record::{Content, InvoiceRecord};
use super::test_books::TestBooks;
use super::writer::{Beside, add_change};
use crate::collections::{EVENT_DELIVERIES, EVENTS, TAX_TERMS};

const ACCOUNT: &str = "biz_test_001";
/// Networks of three kinds of prices.
const DESTINATIONS: [&str; 3] = ["254722000001", "254733000001", "256772000001"];

/// One thing that happened, and an instant between it and the next.
struct Happening {
    /// Added to what is owed.
    micros: i64,
    segments: i64,
    until: UnixMicros,
}

/// An instant that everything until now lies before.
fn instant() -> UnixMicros {
    let at = UnixMicros(now().0 + 1);
    while now() <= at {
        std::hint::spin_loop();
    }
    at
}

fn happen(books: &TestBooks, random: &mut Pcg64Mcg, charged: &mut Vec<(String, i64)>) -> (i64, i64) {
    if random.random_range(0..3) == 0 && !charged.is_empty() {
        let (message, micros) = charged.swap_remove(random.random_range(0..charged.len()));
        books.refund(&message);
        return (-micros, -1);
    }
    let (message, micros) = books.charge(ACCOUNT, DESTINATIONS[random.random_range(0..3)]);
    charged.push((message, micros));
    (micros, 1)
}

fn content(books: &TestBooks, from: UnixMicros, to: UnixMicros) -> Content {
    let account = books.context().core.snapshot.load().by_account(ACCOUNT).unwrap();
    books.invoices().contents.read(&account, &(from..to)).unwrap()
}

fn check(content: &Content, happenings: &[Happening]) {
    let total: i64 = happenings.iter().map(|one| one.micros).sum();
    assert_eq!(content.exact.map(|exact| exact.0.micros()), Some(total));
    let lines: i64 = content.lines.iter().map(|line| line.total.0.micros()).sum();
    assert_eq!(lines, content.total.0.micros());
    assert!((lines - total).abs() * 2 <= 10_000, "the exact sum, rounded to a cent");
    assert!(content.lines.iter().all(|line| line.total.0.micros() % 10_000 == 0));
    let sum_of = |is_refund: bool| -> i64 {
        let of_messages = content.lines.iter().filter(|line| line.category == LineCategory::Sms);
        let lines = of_messages.filter(|line| line.details.is_refund == is_refund);
        lines.map(|line| i64::try_from(line.quantity).unwrap()).sum()
    };
    let count = |is_refund: bool| -> i64 {
        let of_kind = happenings.iter().filter(|one| (one.segments < 0) == is_refund);
        of_kind.map(|one| one.segments.abs()).sum()
    };
    assert_eq!((sum_of(false), sum_of(true)), (count(false), count(true)));
}

#[test]
fn any_period_is_what_happened_in_it_and_periods_in_a_row_are_everything() {
    for seed in 0..4 {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let books = TestBooks::new(true);
        let start = instant();
        let (mut charged, mut happenings) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let (micros, segments) = happen(&books, &mut random, &mut charged);
            happenings.push(Happening { micros, segments, until: instant() });
        }
        let cut = |at: usize| at.checked_sub(1).map_or(start, |before| happenings[before].until);
        for _ in 0..50 {
            let from = random.random_range(0..happenings.len());
            let to = random.random_range(from..=happenings.len());
            check(&content(&books, cut(from), cut(to)), &happenings[from..to]);
        }
        let mut sum = 0;
        let mut from = 0;
        while from < happenings.len() {
            let to = random.random_range(from + 1..=happenings.len());
            sum += content(&books, cut(from), cut(to)).exact.map_or(0, |exact| exact.0.micros());
            from = to;
        }
        assert_eq!(sum, happenings.iter().map(|one| one.micros).sum::<i64>(), "seed {seed}");
    }
}

fn draft(books: &TestBooks, period: Range<UnixMicros>) -> String {
    let new = NewInvoice {
        account: ACCOUNT.to_owned(),
        period_start: Time(period.start),
        period_end: Time(period.end),
    };
    books.invoices().draft_invoice(&Caller::system(), &new).unwrap().invoice.value.id
}

fn send(books: &TestBooks, id: &str) -> String {
    let sent = books.invoices().send_invoice(&Caller::system(), id, IfMatch(None)).unwrap();
    sent.value.invoice_number.unwrap()
}

/// The mails that are in the books, each with its text.
fn mails(books: &TestBooks) -> Vec<(MailRecord, String)> {
    let mut mails = Vec::new();
    let read = books.context().store().documents().list(EVENT_DELIVERIES, b"", None, |_, row| {
        mails.extend(serde_json::from_slice::<MailRecord>(&row.body).ok());
        true
    });
    read.unwrap();
    let text = |mail: &MailRecord| match &mail.work {
        Some(JobWork::Mail { body, .. }) => body.clone(),
        _ => String::new(),
    };
    mails.into_iter().map(|mail| (mail.clone(), text(&mail))).collect()
}

fn told(books: &TestBooks, kind: &str) -> Vec<EventRecord> {
    let mut events = Vec::new();
    let read = books.context().store().documents().list(EVENTS, b"", None, |_, row| {
        events.extend(serde_json::from_slice::<EventRecord>(&row.body).ok());
        true
    });
    read.unwrap();
    events.retain(|event| event.kind == kind);
    events
}

#[test]
fn a_sent_invoice_is_mailed_once_with_the_page_on_which_it_is_paid() {
    let books = TestBooks::with(true, |loaded| {
        for account in &mut loaded.provisioning.accounts {
            account.account.credit_limit = tollgate_engine::money::Amount::from_micros(1_000_000_000);
            account.opening_balance = tollgate_engine::money::Amount::ZERO;
            account.contact.email = Some("owner@example.com".to_owned());
        }
    });
    let start = instant();
    books.charge(ACCOUNT, DESTINATIONS[0]);
    let id = draft(&books, start..instant());
    assert_eq!(mails(&books).len(), 0, "of a draft nobody is told");
    let number = send(&books, &id);
    books.invoices().send_invoice(&Caller::system(), &id, IfMatch(None)).unwrap_err();
    let sent = mails(&books);
    assert_eq!(sent.len(), 1);
    let (mail, text) = &sent[0];
    assert_eq!(mail.to.as_deref(), Some("owner@example.com"));
    assert!(mail.subject.as_ref().unwrap().contains(&number));
    let link = books.invoices().invoice(&Caller::system(), &number).unwrap().value.pay_link.unwrap();
    assert!(text.contains(&format!("\n{link}\n")), "{text}");
    let events = told(&books, "invoice.sent");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].data["pay_link"], serde_json::json!(link));
}

/// Books whose accounts owe what they are charged, and have an address of their own.
fn owing() -> TestBooks {
    TestBooks::with(true, |loaded| {
        for account in &mut loaded.provisioning.accounts {
            account.account.credit_limit = tollgate_engine::money::Amount::from_micros(1_000_000_000);
            account.opening_balance = tollgate_engine::money::Amount::ZERO;
            account.contact.email = Some("owner@example.com".to_owned());
        }
    })
}

/// The number of an invoice over one message.
fn owed(books: &TestBooks) -> String {
    let start = instant();
    books.charge(ACCOUNT, DESTINATIONS[0]);
    let id = draft(books, start..instant());
    send(books, &id)
}

#[test]
fn mails_of_invoices_go_to_the_addresses_of_their_terms() {
    let books = owing();
    let terms = InvoiceTerms {
        billing_emails: vec!["ap@example.com".to_owned(), "cfo@example.com".to_owned()],
        ..InvoiceTerms::default()
    };
    let system = Caller::system();
    let mut change = books.context().change(&system);
    change.document(TAX_TERMS, ACCOUNT.as_bytes(), Expected::Absent, Some(&terms));
    change.commit().unwrap();
    let number = owed(&books);
    let to = |books: &TestBooks| {
        let mut to: Vec<String> = mails(books).into_iter().filter_map(|(mail, _)| mail.to).collect();
        to.sort();
        to
    };
    assert_eq!(to(&books), ["ap@example.com", "cfo@example.com"]);
    let due = books.invoices().invoice(&system, &number).unwrap().value.due_at.unwrap().0;
    let mut reminders = books.reminders();
    reminders.look(due).unwrap();
    reminders.look(due).unwrap();
    assert_eq!(to(&books), ["ap@example.com", "ap@example.com", "cfo@example.com", "cfo@example.com"]);
}

#[test]
fn an_invoice_that_is_open_again_is_reminded_of_anew() {
    const DAY: u64 = 86_400_000_000;
    let books = owing();
    let number = owed(&books);
    let system = Caller::system();
    let shown = || books.invoices().invoice(&system, &number).unwrap().value;
    let (due, open) = (shown().due_at.unwrap().0, shown().amount_open.unwrap());
    let day = |days: u64| UnixMicros(due.0 + days * DAY);
    let mut reminders = books.reminders();
    let reminded = |books: &TestBooks| -> Vec<i64> {
        let events = told(books, "invoice.reminder");
        events.iter().filter_map(|event| event.data["days_after_due"].as_i64()).collect()
    };
    for days in [0, 0, 7, 14, 60] {
        reminders.look(day(days)).unwrap();
    }
    assert_eq!(reminded(&books), [0, 7, 14]);

    // It is paid, and sixty days later the money goes back.
    let change = |change: &dyn Fn(&mut InvoiceRecord)| {
        let (revision, before) = books.invoices().found(&number).unwrap().unwrap();
        let mut after = before.clone();
        change(&mut after);
        let mut changes = books.context().change(&system);
        add_change(&mut changes, (revision, &before), &after, "invoice.change", Beside::default());
        changes.commit().unwrap();
    };
    change(&|record| payment::apply(record, open, day(61)));
    reminders.look(day(61)).unwrap();
    change(&|record| payment::take_back(record, open.0, (day(62), day(62))));
    assert_eq!((shown().status, shown().amount_open), (InvoiceStatus::Overdue, Some(open)));
    assert_eq!(shown().reopened_at, Some(Time(day(62))));
    for days in [62, 62, 68, 69, 76, 76, 90] {
        reminders.look(day(days)).unwrap();
    }
    // Another process knows what was sent.
    books.reminders().look(day(91)).unwrap();
    assert_eq!(reminded(&books), [0, 7, 14, 62, 69, 76]);
    let (mail, text) = mails(&books).pop().unwrap();
    assert_eq!(mail.subject.unwrap(), format!("Invoice {number} is open again"));
    assert!(text.contains("the money has gone back"), "{text}");

    // Once more, and reminders begin once more.
    change(&|record| payment::apply(record, open, day(92)));
    change(&|record| payment::take_back(record, open.0, (day(93), day(93))));
    reminders.look(day(93)).unwrap();
    assert_eq!(reminded(&books).last(), Some(&93));
}
