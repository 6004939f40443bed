//! Messages that no operator takes.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::rows::{DispatchCounters, EntryKind, LedgerEntry, MessageState, Row};
use tollgate_storage::schema::{Family, parse_account_id_key};

use crate::support::routed::{RoutedBooks, accepted, expired, failed, leased};
use crate::support::{MONTH, Message, Route};

/// The references of an account's refunds.
fn refunds(routed: &RoutedBooks) -> Vec<String> {
    let mut refunds = Vec::new();
    routed
        .books
        .store
        .scan(Family::Ledger, &[], |key, value| {
            assert_eq!(parse_account_id_key(key).unwrap().0, routed.account);
            let entry = LedgerEntry::read(value).unwrap();
            if entry.kind == EntryKind::Refund {
                refunds.push(entry.reference);
            }
            true
        })
        .unwrap();
    refunds
}

#[test]
fn a_rejected_message_is_given_back_once() {
    let routed = RoutedBooks::open();
    let dispatch = Some(&b"spring"[..]);
    let route = Some(Route::to(routed.alpha));
    let row = routed.send(&Message { dispatch, segments: 3, route, ..Message::default() });
    let id = row.key.message_id;
    let event = DeliveryEvent::Failed {
        key: row.key,
        row: Some(row.bytes.clone()),
        outcome: Outcome::Rejected,
        error: 0x45,
        operator: Some(routed.beta),
        attempts: 3,
        tried: Vec::new(),
    };
    let outcomes = routed.books.tell_all(vec![event.clone(), event.clone()]);
    let EventOutcome::Settled { account, message_id, operator, outcome, refunded, accepted_at, .. } =
        outcomes[0]
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!((account, message_id, operator), (routed.account, id, routed.beta));
    assert_eq!((outcome, refunded, accepted_at), (Outcome::Rejected, true, None));
    assert_eq!(outcomes[1], EventOutcome::Noted);
    assert_eq!(routed.books.tell(event), EventOutcome::Noted);

    let state = routed.state(id).unwrap();
    assert_eq!((state.state, state.error, state.attempts), (MessageState::Rejected, 0x45, 3));
    assert_eq!((state.refunded.micros(), state.is_refunded), (150_000, true));
    assert_eq!((routed.spent(), refunds(&routed)), (0, vec![id.to_string()]));
    assert_eq!(routed.books.durable_wallet(routed.account).counted(MONTH), 0);
    let heard = routed.books.recorder.take();
    assert_eq!(heard.refunds.len(), 1);
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap();
    assert_eq!(counters, Some(DispatchCounters { messages: 1, failed: 1, ..DispatchCounters::default() }));
    let receipts = routed.receipts();
    assert_eq!(heard.receipts, [(routed.account, receipts[0].0)]);
    let receipt = &receipts[0].1;
    assert_eq!((receipt.message_id, receipt.state), (id, ReceiptState::Rejected));
    assert_eq!(
        (&receipt.source.digits[..], &receipt.destination.digits[..]),
        (&b"254722000001"[..], &b"TOLLGATE"[..])
    );
    assert_eq!(receipt.error, b"69");
    routed.books.prove();
    routed.close();
}

#[test]
fn what_an_outcome_gives_back_is_the_plans_decision() {
    let terms =
        |charge_on, outcomes: &[Outcome]| SettlementTerms { charge_on, refund_on: RefundOn::of(outcomes) };
    let cases = [
        (terms(ChargeOn::Submit, &[]), Outcome::Rejected, false),
        (terms(ChargeOn::Submit, &[]), Outcome::Expired, false),
        (terms(ChargeOn::Submit, &[Outcome::Unknown]), Outcome::Unknown, true),
        (terms(ChargeOn::Submit, &[Outcome::Rejected]), Outcome::Unknown, false),
        (terms(ChargeOn::Submit, &[Outcome::Expired]), Outcome::Expired, true),
        (terms(ChargeOn::Acceptance, &[]), Outcome::Rejected, true),
        (terms(ChargeOn::Acceptance, &[]), Outcome::Unknown, true),
        (terms(ChargeOn::Delivery, &[]), Outcome::Expired, true),
    ];
    let routed = RoutedBooks::open();
    let mut spent = 0;
    for (terms, outcome, given_back) in cases {
        let route = Route { terms, ..Route::to(routed.alpha) };
        let row = routed.send(&Message { route: Some(route), ..Message::default() });
        let told = routed.books.tell(failed(&row, outcome));
        let EventOutcome::Settled { outcome: settled, refunded, .. } = told else { panic!("{told:?}") };
        assert_eq!((settled, refunded), (outcome, given_back), "{terms:?}");
        spent += if given_back { 0 } else { 50_000 };
        assert_eq!(routed.spent(), spent);
    }
    let states: Vec<_> = routed.receipts().into_iter().map(|(_, receipt)| receipt.state).collect();
    let [rejected, expired, unknown] = [ReceiptState::Rejected, ReceiptState::Expired, ReceiptState::Unknown];
    assert_eq!(states, [rejected, expired, unknown, unknown, expired, rejected, unknown, expired]);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_that_costs_nothing_is_given_back_as_well() {
    let routed = RoutedBooks::open();
    let route = Some(Route::to(routed.alpha));
    let row = routed.send(&Message { route, price: 0, ..Message::default() });
    routed.books.tell(failed(&row, Outcome::Rejected));
    assert!(routed.state(row.key.message_id).unwrap().is_refunded);
    assert_eq!(refunds(&routed).len(), 1);
    routed.books.prove();
    routed.close();
}

#[test]
fn an_expiry_reads_the_row_and_leaves_alone_what_may_be_on_a_wire() {
    let routed = RoutedBooks::open();
    let [waiting, on_a_wire, taken] = [routed.send_plain(), routed.send_plain(), routed.send_plain()];
    routed.books.tell(accepted(&taken, routed.alpha, b"1"));
    let events = vec![
        leased(1, routed.alpha, &[on_a_wire.key]),
        expired(waiting.key),
        expired(on_a_wire.key),
        expired(taken.key),
        expired(waiting.key),
    ];
    let outcomes = routed.books.tell_all(events);
    assert!(matches!(outcomes[1], EventOutcome::Settled { outcome: Outcome::Expired, refunded: true, .. }));
    assert_eq!(outcomes[2..], [EventOutcome::Noted, EventOutcome::Noted, EventOutcome::Noted]);
    assert_eq!(routed.books.tell(expired(on_a_wire.key)), EventOutcome::Noted);
    // Once the lease has ended nobody has sent it.
    routed.books.tell(DeliveryEvent::Released { lease: 1 });
    assert!(matches!(routed.books.tell(expired(on_a_wire.key)), EventOutcome::Settled { .. }));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_failure_after_an_acceptance_says_nothing_about_the_message() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    for outcome in [Outcome::Rejected, Outcome::Expired, Outcome::Unknown] {
        assert_eq!(routed.books.tell(failed(&row, outcome)), EventOutcome::Noted);
    }
    assert_eq!(
        (routed.message_state(row.key.message_id), routed.spent()),
        (Some(MessageState::Enroute), 50_000)
    );
    // These outcomes are not failures.
    let other = routed.send_plain();
    for outcome in [Outcome::Delivered, Outcome::Undelivered, Outcome::Cancelled] {
        assert_eq!(routed.books.tell(failed(&other, outcome)), EventOutcome::Noted);
    }
    assert!(routed.is_queued(other.key));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_receipt_is_kept_for_whom_it_was_asked() {
    let cases = [
        (0, Outcome::Rejected, 0),
        (1, Outcome::Rejected, 1),
        (2, Outcome::Expired, 1),
        (3, Outcome::Expired, 0),
    ];
    for (registered_delivery, outcome, kept) in cases {
        let routed = RoutedBooks::open();
        let route = Route { registered_delivery, ..Route::to(routed.alpha) };
        let row = routed.send(&Message { route: Some(route), ..Message::default() });
        routed.books.tell(failed(&row, outcome));
        assert_eq!((routed.receipts().len(), routed.books.recorder.take().receipts.len()), (kept, kept));
        routed.books.prove();
        routed.close();
    }
}

#[test]
fn operators_keep_their_numbers() {
    let routed = RoutedBooks::open();
    assert_eq!((routed.alpha, routed.beta), (OperatorNumber(1), OperatorNumber(2)));
    assert_eq!(routed.books.provision_operators(&["gamma", "alpha", "gamma"]), [3, 1, 3].map(OperatorNumber));
    let routed = routed.reopen();
    assert_eq!(routed.books.provision_operators(&["delta", "beta"]), [4, 2].map(OperatorNumber));
    routed.books.prove();
    routed.close();
}
