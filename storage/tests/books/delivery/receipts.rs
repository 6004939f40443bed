//! Receipts of operators for the messages that they took.

use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::rows::{
    DispatchCounters, DoneDate, MessageState, ReceiptAnswer, StateRow, UnmatchedReason,
};

use crate::support::routed::{ANSWERED_AT, DONE_AT, RoutedBooks, accepted, answered, receipt};
use crate::support::{Message, Route};

/// A message that `alpha` has under this id.
fn with_alpha(routed: &RoutedBooks, message: &Message<'_>, upstream_id: &[u8]) -> u64 {
    let row = routed.send(message);
    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, upstream_id)), EventOutcome::Done);
    row.key.message_id
}

fn intermediate(event: DeliveryEvent) -> DeliveryEvent {
    let DeliveryEvent::Receipt {
        operator,
        ids,
        state,
        error,
        network_error,
        done_at,
        done_date,
        source,
        destination,
        ..
    } = event
    else {
        panic!("not a receipt")
    };
    let intermediate = true;
    DeliveryEvent::Receipt {
        operator,
        ids,
        state,
        intermediate,
        error,
        network_error,
        done_at,
        done_date,
        source,
        destination,
    }
}

#[test]
fn a_delivered_message_is_paid_for_and_its_gateway_is_told_once() {
    let routed = RoutedBooks::open();
    let dispatch = Some(&b"spring"[..]);
    let id = with_alpha(
        &routed,
        &Message { dispatch, route: Some(Route::to(routed.alpha)), ..Message::default() },
        b"77",
    );
    let event = receipt(routed.alpha, &[b"77"], ReceiptState::Delivered);
    let outcomes = routed.books.tell_all(vec![event.clone(), event.clone()]);
    let EventOutcome::Settled { message_id, operator, outcome, refunded, accepted_at, .. } = outcomes[0]
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!((message_id, operator, outcome, refunded), (id, routed.alpha, Outcome::Delivered, false));
    assert_eq!(accepted_at, routed.state(id).unwrap().accepted_at);
    assert_eq!(outcomes[1], EventOutcome::Noted);
    assert_eq!(routed.books.tell(event), EventOutcome::Noted);
    let contrary = receipt(routed.alpha, &[b"77"], ReceiptState::Undeliverable);
    assert_eq!(routed.books.tell(contrary), EventOutcome::Noted);
    assert_eq!(routed.message_state(id), Some(MessageState::Delivered));
    assert!(routed.books.store.upstream().overdue(UnixMicros(u64::MAX), 10).unwrap().is_empty());
    let receipts = routed.receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!((receipts[0].1.state, receipts[0].1.done_at), (ReceiptState::Delivered, DONE_AT));
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap();
    assert_eq!((counters.submitted, counters.delivered, counters.pending()), (1, 1, 0));
    assert_eq!(routed.spent(), 50_000);
    routed.books.prove();
    routed.close();
}

#[test]
fn what_was_not_delivered_is_given_back_where_the_plan_says_so() {
    let terms =
        |charge_on, outcomes: &[Outcome]| SettlementTerms { charge_on, refund_on: RefundOn::of(outcomes) };
    let undelivered = [Outcome::Undelivered];
    let cases = [
        (SettlementTerms::default(), ReceiptState::Undeliverable, MessageState::Undeliverable, false),
        (terms(ChargeOn::Submit, &undelivered), ReceiptState::Rejected, MessageState::Rejected, true),
        (terms(ChargeOn::Submit, &undelivered), ReceiptState::Deleted, MessageState::Deleted, true),
        (terms(ChargeOn::Submit, &undelivered), ReceiptState::Skipped, MessageState::Undeliverable, true),
        (terms(ChargeOn::Acceptance, &[]), ReceiptState::Expired, MessageState::Expired, false),
        (terms(ChargeOn::Delivery, &[]), ReceiptState::Unknown, MessageState::Unknown, true),
        (terms(ChargeOn::Delivery, &[]), ReceiptState::Delivered, MessageState::Delivered, false),
    ];
    let routed = RoutedBooks::open();
    let dispatch = Some(&b"spring"[..]);
    let (mut spent, mut paid) = (0, 0);
    for (count, (terms, told, state, given_back)) in (1..).zip(cases) {
        let route = Some(Route { terms, ..Route::to(routed.alpha) });
        let upstream_id = [b'0' + count];
        let id = with_alpha(
            &routed,
            &Message { dispatch, segments: 2, route, ..Message::default() },
            &upstream_id,
        );
        let outcome = routed.books.tell(receipt(routed.alpha, &[&upstream_id], told));
        let EventOutcome::Settled { refunded, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(refunded, given_back, "{terms:?} {told:?}");
        assert_eq!(routed.message_state(id), Some(state));
        (spent, paid) = if given_back { (spent, paid) } else { (spent + 100_000, paid + 1) };
        assert_eq!(routed.spent(), spent);
    }
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap();
    let DispatchCounters { messages, segments, submitted, delivered, failed, cost, .. } = counters;
    assert_eq!((messages, submitted, delivered, failed), (7, 7, 1, 6));
    assert_eq!((segments, cost.micros()), (2 * paid, i128::from(spent)));
    routed.books.prove();
    routed.close();
}

#[test]
fn what_is_not_the_last_word_is_passed_on_to_whom_asked_for_it() {
    for (registered_delivery, told) in [(0x11, 2), (0x10, 2), (0x01, 0)] {
        let routed = RoutedBooks::open();
        let route = Some(Route { registered_delivery, ..Route::to(routed.alpha) });
        let id = with_alpha(&routed, &Message { route, ..Message::default() }, b"1");
        // By its state, and by what the operator says of it.
        let enroute = receipt(routed.alpha, &[b"1"], ReceiptState::Enroute);
        assert_eq!(routed.books.tell(enroute.clone()), EventOutcome::Noted);
        let early = intermediate(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
        assert_eq!(routed.books.tell(early), EventOutcome::Noted);
        assert_eq!(routed.message_state(id), Some(MessageState::Enroute));
        assert_eq!(routed.receipts().len(), told);
        assert!(routed.receipts().iter().all(|(_, receipt)| receipt.intermediate));
        // After the last word none is passed on.
        routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
        let after_the_last = routed.receipts().len();
        assert_eq!(routed.books.tell(enroute), EventOutcome::Noted);
        assert_eq!(routed.receipts().len(), after_the_last);
        routed.books.prove();
        routed.close();
    }
}

#[test]
fn success_and_failure_are_told_to_whom_asked_for_them() {
    let cases = [
        (1, ReceiptState::Delivered, 1),
        (1, ReceiptState::Undeliverable, 1),
        (2, ReceiptState::Delivered, 0),
        (2, ReceiptState::Undeliverable, 1),
        (3, ReceiptState::Delivered, 1),
        (3, ReceiptState::Undeliverable, 0),
        (0, ReceiptState::Undeliverable, 0),
    ];
    for (registered_delivery, state, kept) in cases {
        let routed = RoutedBooks::open();
        let route = Some(Route { registered_delivery, ..Route::to(routed.alpha) });
        with_alpha(&routed, &Message { route, ..Message::default() }, b"1");
        routed.books.tell(receipt(routed.alpha, &[b"1"], state));
        assert_eq!(routed.receipts().len(), kept, "{registered_delivery} {state:?}");
        routed.close();
    }
}

#[test]
fn clients_of_version_3_3_hear_the_id_that_they_know() {
    let routed = RoutedBooks::open();
    let mut session = routed.books.session(routed.account);
    let mut chunk = session.chunk_with(UnixMicros(1), true);
    for _ in 0..3 {
        let route = Some(Route::to(routed.alpha));
        session.charge(&mut chunk, &Message { route, ..Message::default() }).unwrap();
    }
    routed.books.committer.try_charge(chunk).unwrap();
    assert_eq!(session.first_id(), 1);
    let rows = routed.books.recorder.take().queued;
    routed.books.tell(accepted(&rows[2], routed.alpha, b"c"));
    routed.books.tell(receipt(routed.alpha, &[b"c"], ReceiptState::Delivered));
    assert_eq!(routed.receipts()[0].1.message_id, 3);
    routed.books.prove();
    drop(session);
    routed.close();
}

#[test]
fn an_id_that_can_be_read_in_several_ways_means_the_message_to_the_receipts_source() {
    let routed = RoutedBooks::open();
    let route = Some(Route::to(routed.alpha));
    let decimal = with_alpha(&routed, &Message { route, ..Message::default() }, b"256");
    let hex = with_alpha(&routed, &Message { route, ..Message::default() }, b"100");
    // As the first id says, while that message is open.
    routed.books.tell(receipt(routed.alpha, &[b"256", b"100"], ReceiptState::Delivered));
    assert_eq!(routed.message_state(decimal), Some(MessageState::Delivered));
    // Then the other one, which is still to hear something.
    routed.books.tell(receipt(routed.alpha, &[b"256", b"100"], ReceiptState::Undeliverable));
    assert_eq!(routed.message_state(decimal), Some(MessageState::Delivered));
    assert_eq!(routed.message_state(hex), Some(MessageState::Undeliverable));
    // A receipt about another number may be of a message whose response is still to come. Where none comes, it
    // settles what its only id means: some operators rewrite numbers.
    let third = with_alpha(&routed, &Message { route, ..Message::default() }, b"300");
    let mut event = receipt(routed.alpha, &[b"300"], ReceiptState::Delivered);
    if let DeliveryEvent::Receipt { source, .. } = &mut event {
        *source = b"99999999999".to_vec();
    }
    let outcome = routed.books.tell(event);
    let EventOutcome::Unmatched { id, reason: UnmatchedReason::OtherAddresses } = outcome else {
        panic!("{outcome:?}")
    };
    let again = |rewritten| {
        let ids = vec![b"300".to_vec()];
        DeliveryEvent::Replayed { operator: routed.alpha, unmatched: id, ids, rewritten }
    };
    assert_eq!(routed.books.tell(again(false)), outcome);
    assert!(matches!(routed.books.tell(again(true)), EventOutcome::Settled { .. }));
    assert_eq!(routed.message_state(third), Some(MessageState::Delivered));
    routed.books.prove();
    routed.close();
}

#[test]
fn the_operators_date_is_kept_beside_the_time_of_arrival() {
    let routed = RoutedBooks::open();
    let route = Some(Route::to(routed.alpha));
    let dated = |id: &[u8], at| {
        let mut event = receipt(routed.alpha, &[id], ReceiptState::Delivered);
        if let DeliveryEvent::Receipt { done_date, .. } = &mut event {
            *done_date = Some(DoneDate { digits: b"2611210001".to_vec(), at });
        }
        event
    };
    let by_clock = UnixMicros(1_790_000_000_000_001);
    for (id, at) in [(b"1", None), (b"2", Some(by_clock))] {
        // It is kept with the receipt if that comes before its message's response.
        routed.books.tell(dated(id, at));
        let row = routed.send(&Message { route, ..Message::default() });
        routed.books.tell(accepted(&row, routed.alpha, id));
        let state = routed.state(row.key.message_id).unwrap();
        assert_eq!(state.done_date, Some(DoneDate { digits: b"2611210001".to_vec(), at }));
        assert_ne!(Some(state.at), at);
    }
    let receipts: Vec<_> =
        routed.receipts().into_iter().map(|(_, row)| (row.done_at, row.done_date)).collect();
    assert_eq!(receipts, [(DONE_AT, b"2611210001".to_vec()), (by_clock, Vec::new())]);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_receipt_that_does_not_come_leaves_the_outcome_unknown() {
    let routed = RoutedBooks::open();
    let refund_on = RefundOn::of(&[Outcome::Unknown]);
    let terms = SettlementTerms { charge_on: ChargeOn::Submit, refund_on };
    let id = with_alpha(
        &routed,
        &Message { route: Some(Route { terms, ..Route::to(routed.alpha) }), ..Message::default() },
        b"1",
    );
    let timed_out = DeliveryEvent::ReceiptTimedOut { operator: routed.alpha, place: b"1".to_vec() };
    let elsewhere = DeliveryEvent::ReceiptTimedOut { operator: routed.beta, place: b"1".to_vec() };
    let outcomes = routed.books.tell_all(vec![elsewhere, timed_out.clone(), timed_out]);
    assert_eq!((&outcomes[0], &outcomes[2]), (&EventOutcome::Noted, &EventOutcome::Noted));
    assert!(matches!(outcomes[1], EventOutcome::Settled { outcome: Outcome::Unknown, refunded: true, .. }));
    // The receipt comes all the same, too late.
    let late = routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    assert_eq!(late, EventOutcome::Noted);
    assert_eq!((routed.message_state(id), routed.spent()), (Some(MessageState::Unknown), 0));
    assert_eq!(routed.receipts().len(), 1);
    routed.books.prove();
    routed.close();
}

#[test]
fn gateways_have_their_receipts_once() {
    let routed = RoutedBooks::open();
    let route = Some(Route::to(routed.alpha));
    for id in [b"1", b"2", b"3"] {
        with_alpha(&routed, &Message { route, ..Message::default() }, id);
        routed.books.tell(receipt(routed.alpha, &[id], ReceiptState::Delivered));
    }
    let ids: Vec<u64> = routed.receipts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(routed.books.store.receipts().accounts().unwrap(), [routed.account]);
    let account = routed.account;
    let done = |ids: &[u64]| answered(account, ids, 0);
    let outcomes = routed.books.tell_all(vec![done(&ids[..2]), done(&ids[..2])]);
    assert_eq!(outcomes, [EventOutcome::Done, EventOutcome::Noted]);
    assert_eq!(routed.books.tell(done(&ids[..1])), EventOutcome::Noted);
    assert_eq!(routed.receipts().len(), 1);
    routed.books.tell(done(&ids));
    assert!(routed.books.store.receipts().accounts().unwrap().is_empty());
    routed.books.prove();
    routed.close();
}

#[test]
fn the_answer_of_a_gateway_is_noted_in_the_state_of_its_message() {
    let routed = RoutedBooks::open();
    // It asks for receipts on the way as well.
    let message = Message { route: Some(Route::to(routed.alpha)), ..Message::default() };
    let [taken, refused] = [b"1", b"2"].map(|id| with_alpha(&routed, &message, id));
    let answer_of = |id| routed.state(id).unwrap().receipt_answer;
    let all = || routed.receipts().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    routed.books.tell(intermediate(receipt(routed.alpha, &[b"1"], ReceiptState::Enroute)));
    routed.books.tell(answered(routed.account, &all(), 0));
    assert_eq!(answer_of(taken), None, "it was no receipt of an end");
    for id in [b"1", b"2"] {
        routed.books.tell(receipt(routed.alpha, &[id], ReceiptState::Delivered));
    }
    let ids = all();
    let before = routed.state(taken).unwrap();
    routed.books.tell_all(vec![
        answered(routed.account, &ids[..1], 0),
        answered(routed.account, &ids[1..], 0x45),
        answered(routed.account, &ids, 0x0B),
    ]);
    let answer = |status| Some(ReceiptAnswer { at: ANSWERED_AT, status });
    assert_eq!((answer_of(taken), answer_of(refused)), (answer(0), answer(0x45)));
    let after = routed.state(taken).unwrap();
    assert_eq!(StateRow { receipt_answer: None, ..after }, before, "nothing else changes");
    routed.books.prove();
    let routed = routed.reopen();
    assert_eq!(routed.state(taken).unwrap().receipt_answer, answer(0));
    routed.books.prove();
    routed.close();
}
