//! Books of messages that were handed over: each is in one place, and what became of it is what was counted.

mod faults;

use tollgate_engine::money::Currency;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, DeliveryEvent, EventOutcome};
use tollgate_storage::message::QueueKey;
use tollgate_storage::rows::{DispatchCounters, MessageState, Row, ScheduledRow, StateRow};
use tollgate_storage::schema::{Family, account_id_key, account_name_key, instant_id_key};

use super::{A, Closed, cents, edit};
use crate::support::{Books, Message, Raw, Route};

const FIRST: OperatorNumber = OperatorNumber(1);
const SECOND: OperatorNumber = OperatorNumber(2);

/// Far enough for no test to reach it.
const LATER: UnixMicros = UnixMicros(4_000_000_000_000_000);

/// Closed books with a message in every place in which one can be. The ids are in the order of the fields.
pub struct Sent {
    closed: Closed,
    queued: u64,
    scheduled: u64,
    awaited: u64,
    delivered: u64,
    rejected: u64,
    cancelled: u64,
    unconfirmed: u64,
    leased: u64,
    charge_only: u64,
}

fn place(message_id: u64) -> QueueKey {
    QueueKey { first_choice: FIRST, class: 3, message_id }
}

fn acceptance(books: &Books, message_id: u64, upstream_id: &[u8], final_now: bool) -> DeliveryEvent {
    DeliveryEvent::Accepted(Acceptance {
        key: place(message_id),
        row: books.store.queue().row(place(message_id)).unwrap().unwrap(),
        operator: SECOND,
        upstream_id: upstream_id.to_vec(),
        final_now,
        cost: cents(3),
        cost_currency: Currency::new("EUR").unwrap(),
        cost_in_account_currency: Some(cents(4)),
        attempts: 1,
        tried: Vec::new(),
        possible_duplicate: false,
    })
}

fn receipt(id: &[u8]) -> DeliveryEvent {
    DeliveryEvent::Receipt {
        operator: SECOND,
        ids: vec![id.to_vec()],
        state: ReceiptState::Delivered,
        intermediate: false,
        error: b"000".to_vec(),
        network_error: None,
        done_at: UnixMicros(9),
        done_date: None,
        source: b"254722000001".to_vec(),
        destination: b"TOLLGATE".to_vec(),
    }
}

impl Sent {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        assert_eq!(books.provision(&["a"], 100), [A]);
        assert_eq!(books.provision_operators(&["one", "two"]), [FIRST, SECOND]);
        let mut session = books.session(A);
        let mut chunk = session.chunk();
        let route = Route { expires_at: Some(LATER), ..Route::to(FIRST) };
        let scheduled = Route { scheduled_at: Some(UnixMicros(LATER.0 - 5)), ..route };
        for message in 0..9 {
            let route = match message {
                1 => Some(scheduled),
                8 => None,
                _ => Some(route),
            };
            let dispatch = Some(&b"spring"[..]);
            session.charge(&mut chunk, &Message { dispatch, route, ..Message::default() }).unwrap();
        }
        books.committer.try_charge(chunk).unwrap();
        let queued = session.first_id();
        let sent = Self {
            closed: Closed(dir),
            queued,
            scheduled: queued + 1,
            awaited: queued + 2,
            delivered: queued + 3,
            rejected: queued + 4,
            cancelled: queued + 5,
            unconfirmed: queued + 6,
            leased: queued + 7,
            charge_only: queued + 8,
        };
        sent.deliver(&books);
        drop(session);
        books.close();
        sent
    }

    fn deliver(&self, books: &Books) {
        books.tell_all(vec![
            DeliveryEvent::Leased { lease: 5, operator: SECOND, keys: vec![place(self.leased)] },
            acceptance(books, self.awaited, b"a1", false),
            acceptance(books, self.delivered, b"b2", false),
            acceptance(books, self.unconfirmed, b"c3", true),
            DeliveryEvent::Failed {
                key: place(self.rejected),
                row: books.store.queue().row(place(self.rejected)).unwrap(),
                outcome: Outcome::Rejected,
                error: 11,
                operator: Some(SECOND),
                attempts: 2,
                tried: Vec::new(),
            },
        ]);
        assert!(matches!(
            books.tell(receipt(b"b2")),
            EventOutcome::Settled { outcome: Outcome::Delivered, .. }
        ));
        assert!(matches!(books.tell(receipt(b"stray")), EventOutcome::Unmatched { .. }));
        books.cancel(A, self.cancelled).unwrap();
        books.prove();
    }

    #[track_caller]
    pub fn expect(&self, message: &str, change: impl FnOnce(&Raw)) {
        self.closed.expect(message, change);
    }

    /// Says what is expected of the books when a state is changed.
    #[track_caller]
    fn expect_of_state(&self, expected: &str, id: u64, change: impl FnOnce(&mut StateRow)) {
        self.expect(&format!("message {id} {expected}"), |raw| {
            edit(raw, Family::States, account_id_key(A, id), change);
        });
    }
}

#[test]
fn sound_books_are_counted() {
    let report = Sent::new().closed.after(|_| ()).unwrap();
    assert_eq!((report.cdrs, report.dispatches, report.segments, report.refunds), (9, 1, 7, 2));
    assert_eq!((report.queued, report.scheduled, report.awaited, report.ended), (2, 1, 1, 4));
    // The rejected message's client and the delivered one's asked to be told.
    assert_eq!((report.leases, report.receipts, report.unmatched), (1, 2, 1));
}

#[test]
fn counters_follow_what_became_of_the_messages() {
    let sent = Sent::new();
    let spring = account_name_key(A, b"spring");
    let read = |raw: &Raw| DispatchCounters::read(&raw.get(Family::Dispatches, &spring)).unwrap();
    let mut counters = DispatchCounters::default();
    sent.closed.after(|raw| counters = read(raw)).unwrap();
    let expected = DispatchCounters {
        messages: 9,
        segments: 7,
        submitted: 3,
        delivered: 1,
        failed: 1,
        cancelled: 1,
        unconfirmed: 1,
        cost: cents(35).into(),
        cost_operators: cents(12).into(),
    };
    assert_eq!(counters, expected);
    assert_eq!(counters.pending(), 5);
    let changes: [fn(&mut DispatchCounters); 6] = [
        |counters| counters.submitted += 1,
        |counters| counters.delivered = 0,
        |counters| counters.failed = 0,
        |counters| counters.unconfirmed = 2,
        |counters| counters.cost = cents(40).into(),
        |counters| counters.cost_operators = cents(8).into(),
    ];
    for change in changes {
        sent.expect("dispatch spring: kept", |raw| edit(raw, Family::Dispatches, &spring, change));
    }
}

#[test]
fn messages_in_no_place_or_in_two_are_named() {
    let sent = Sent::new();
    let Sent { queued, scheduled, delivered, charge_only, .. } = sent;
    let due = UnixMicros(LATER.0 - 5);
    let row = |raw: &Raw| raw.get(Family::Queue, place(queued).to_bytes());
    sent.expect(&format!("message {queued} is lost"), |raw| {
        raw.delete(Family::Queue, place(queued).to_bytes());
    });
    sent.expect(&format!("message {scheduled} is lost"), |raw| {
        raw.delete(Family::Scheduled, instant_id_key(due, scheduled));
    });
    sent.expect(&format!("message {delivered} waits to be sent, but has a state"), |raw| {
        raw.put(Family::Queue, place(delivered).to_bytes(), row(raw));
    });
    sent.expect(&format!("message {} waits to be sent, but has no CDR", queued - 1), |raw| {
        raw.put(Family::Queue, place(queued - 1).to_bytes(), row(raw));
    });
    sent.expect(&format!("message {charge_only} waits in another place than its CDR says"), |raw| {
        raw.put(Family::Queue, place(charge_only).to_bytes(), row(raw));
    });
    sent.expect(&format!("message {queued} waits in another place than its CDR says"), |raw| {
        raw.put(Family::Queue, QueueKey { class: 0, ..place(queued) }.to_bytes(), row(raw));
    });
    sent.expect(&format!("message {scheduled} is queued, and still scheduled"), |raw| {
        let row = ScheduledRow::read(&raw.get(Family::Scheduled, instant_id_key(due, scheduled))).unwrap();
        raw.put(Family::Queue, place(scheduled).to_bytes(), &row.bytes);
    });
    sent.expect(&format!("message {scheduled} is scheduled for another queue than its own"), |raw| {
        edit(raw, Family::Scheduled, instant_id_key(due, scheduled), |row: &mut ScheduledRow| row.class = 0);
    });
    sent.expect(&format!("message {queued} waits in another place than its CDR says"), |raw| {
        let row = ScheduledRow { first_choice: FIRST, class: 3, bytes: row(raw).into() };
        raw.put(Family::Scheduled, instant_id_key(due, queued), row.to_bytes());
    });
}

/// Receipts go once a gateway has them, expiries and leases only speed things up, and settled messages are
/// forgotten.
#[test]
fn no_row_that_counts_can_go_missing() {
    let sent = Sent::new();
    let mut counted = vec![Family::Queue, Family::Scheduled, Family::States, Family::Awaiting];
    counted.extend([Family::Operators, Family::Usage]);
    sent.closed.check_that_no_row_can_go_missing(&counted);
    let state = |id| sent.closed.after(|raw| raw.delete(Family::States, account_id_key(A, id)));
    for id in [sent.awaited, sent.delivered, sent.rejected, sent.cancelled, sent.unconfirmed] {
        assert!(state(id).is_err(), "the state of message {id}");
    }
}

#[test]
fn no_row_can_be_cut_or_grow() {
    Sent::new().closed.check_that_no_row_can_be_damaged(&[
        Family::Operators,
        Family::Queue,
        Family::Expiries,
        Family::Leases,
        Family::Upstream,
        Family::Receipts,
        Family::Unmatched,
    ]);
}

#[test]
fn every_state_that_can_be_has_a_name() {
    let names: Vec<_> = MessageState::ALL.into_iter().map(MessageState::name).collect();
    let expected =
        ["enroute", "delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected"];
    assert_eq!(names, expected);
    assert!(MessageState::ALL.into_iter().all(|state| state.is_final() == (state != MessageState::Enroute)));
}
