//! Charges given back by hand and words of gateways that cannot be.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_storage::message_change::ReportedOutcome as Reported;
use tollgate_storage::rows::{EntryKind, MessageState, StateRow};
use tollgate_storage::schema::{Family, account_id_key};

use super::{A, Closed, cents, edit, entry};
use crate::support::{Books, Message};

/// Closed books of messages that were charged only. The ids are in the order of the fields.
struct Reports {
    closed: Closed,
    accepted: u64,
    delivered: u64,
    undelivered: u64,
    given_back: u64,
    cancelled: u64,
}

impl Reports {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        assert_eq!(books.provision(&["a"], 100), [A]);
        books.provision_operators(&["one"]);
        let mut session = books.session(A);
        let mut chunk = session.chunk();
        for _ in 0..5 {
            let dispatch = Some(&b"spring"[..]);
            session.charge(&mut chunk, &Message { dispatch, ..Message::default() }).unwrap();
        }
        books.committer.try_charge(chunk).unwrap();
        let first = session.first_id();
        let reports = [Reported::Accepted, Reported::Delivered, Reported::Undelivered, Reported::Delivered];
        for (id, outcome) in (first..).zip(reports) {
            books.report(A, id, outcome, SettlementTerms::default()).unwrap();
        }
        books.refund(A, first + 3).unwrap();
        books.refund(A, first + 4).unwrap();
        let report = books.prove();
        assert_eq!((report.ended, report.awaited, report.refunds), (4, 0, 2));
        drop(session);
        books.close();
        Self {
            closed: Closed(dir),
            accepted: first,
            delivered: first + 1,
            undelivered: first + 2,
            given_back: first + 3,
            cancelled: first + 4,
        }
    }

    #[track_caller]
    fn expect(&self, expected: &str, id: u64, change: impl FnOnce(&mut StateRow)) {
        self.closed.expect(&format!("message {id} {expected}"), |raw| {
            edit(raw, Family::States, account_id_key(A, id), change);
        });
    }
}

/// Fields of a state that only an operator can have set.
#[test]
fn a_gateway_speaks_of_no_operator() {
    let reports = Reports::new();
    let left: [fn(&mut StateRow); 8] = [
        |row| row.operator = OperatorNumber(1),
        |row| row.attempts = 1,
        |row| row.possible_duplicate = true,
        |row| row.cost = cents(1),
        |row| row.cost_currency = Currency::new("USD"),
        |row| row.cost_in_account_currency = Some(cents(1)),
        |row| row.upstream_id = b"1".to_vec(),
        |row| row.tried = vec![OperatorNumber(1).into()],
    ];
    for change in left {
        reports.expect("is delivered, but was handed to nobody", reports.delivered, change);
        reports.expect("is enroute, but was handed to nobody", reports.accepted, change);
    }
}

#[test]
fn states_that_no_gateway_can_report_are_named() {
    let reports = Reports::new();
    let Reports { accepted, delivered, undelivered, .. } = reports;
    reports.expect("is accepted, but was handed to nobody", delivered, |row| {
        row.state = MessageState::Accepted;
    });
    reports.expect("is deleted, but was handed to nobody", delivered, |row| {
        row.state = MessageState::Deleted;
    });
    reports.expect("is undeliverable, but was handed to nobody", undelivered, |row| row.accepted_at = None);
    reports.expect("is delivered, but was delivered and accepted by nobody", delivered, |row| {
        row.accepted_at = None;
    });
    reports.expect("is enroute, but was accepted by nobody", accepted, |row| row.accepted_at = None);
}

#[test]
fn only_a_hand_gives_back_what_was_delivered() {
    let reports = Reports::new();
    let Reports { accepted, delivered, given_back, cancelled, .. } = reports;
    reports.expect("is delivered, but was given back", given_back, |row| row.refunded_by_hand = false);
    reports.expect("is enroute, but was given back", accepted, |row| {
        (row.is_refunded, row.refunded_by_hand, row.refunded) = (true, true, cents(5));
    });
    reports.expect("is deleted, but was cancelled and given back by hand", cancelled, |row| {
        row.refunded_by_hand = true;
    });
    reports.expect("was charged 0.05, refunded 0.04", given_back, |row| row.refunded = cents(4));
    reports.closed.expect(
        &format!("message {delivered} is to be refunded but the ledger of account a has no entry"),
        |raw| {
            edit(raw, Family::States, account_id_key(A, delivered), |row: &mut StateRow| {
                (row.is_refunded, row.refunded_by_hand, row.refunded) = (true, true, cents(5));
            });
        },
    );
    reports.closed.expect("which asks for no such refund", |raw| {
        edit(raw, Family::States, account_id_key(A, given_back), |row: &mut StateRow| {
            (row.is_refunded, row.refunded) = (false, Amount::ZERO);
        });
    });
    reports.closed.expect("is to be refunded but the ledger of account a has no entry", |raw| {
        raw.delete(Family::Ledger, entry(raw, A, EntryKind::Refund).0);
    });
}

#[test]
fn no_row_of_reports_can_go_missing() {
    let reports = Reports::new();
    reports.closed.check_that_no_row_can_go_missing(&[Family::States, Family::Ledger, Family::Dispatches]);
}
