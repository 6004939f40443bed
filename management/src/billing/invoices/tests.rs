//! Invoices compared with a plain list of everything that was charged and refunded, for random events and periods.

use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{InvoicesService, LineCategory, NewInvoice};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::MailRecord;
use tollgate_notifications::event_record::EventRecord;
use tollgate_notifications::jobs::record::JobWork;
use tollgate_storage::clock::now;

use super::record::Content;
use super::test_books::TestBooks;
use crate::collections::{EVENT_DELIVERIES, EVENTS};

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
