//! Acceptances by operators: once, twice under one id, twice under two.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, DeliveryEvent, EventOutcome};
use tollgate_storage::rows::{DispatchCounters, MessageState, UnmatchedReason};

use crate::support::routed::{COST, RoutedBooks, acceptance, accepted, failed, receipt};
use crate::support::{Message, Route};

/// After every accepted message.
const FOR_EVER: UnixMicros = UnixMicros(u64::MAX);

#[test]
fn a_charged_message_is_handed_over_and_then_an_operators() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    assert!(routed.is_queued(row.key));
    assert_eq!(routed.books.store.queue().row(row.key).unwrap(), Some(row.bytes.clone()));
    routed.books.prove();

    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, b"77")), EventOutcome::Done);
    assert!(!routed.is_queued(row.key));
    let state = routed.state(row.key.message_id).unwrap();
    assert_eq!((state.state, state.operator, state.attempts), (MessageState::Enroute, routed.alpha, 1));
    assert_eq!((state.cost, state.cost_currency), (COST, Currency::new("EUR")));
    assert_eq!(state.upstream_id, b"77");
    let overdue = routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap();
    assert_eq!(overdue, [(routed.alpha, b"77".to_vec())]);
    assert_eq!((routed.spent(), routed.receipts().len()), (50_000, 0));
    routed.books.prove();
    routed.close();
}

#[test]
fn messages_that_are_only_charged_are_nobodys() {
    let routed = RoutedBooks::open();
    routed.charge(&Message::default());
    let heard = routed.books.recorder.take();
    assert!(heard.queued.is_empty() && heard.receipts.is_empty());
    routed.books.prove();
    routed.close();
}

#[test]
fn an_acceptance_that_is_told_twice_counts_once() {
    let routed = RoutedBooks::open();
    let dispatch = Some(&b"spring"[..]);
    let row = routed.send(&Message { dispatch, route: Some(Route::to(routed.alpha)), ..Message::default() });
    let event = accepted(&row, routed.alpha, b"77");
    let outcomes = routed.books.tell_all(vec![event.clone(), event.clone()]);
    assert_eq!(outcomes, [EventOutcome::Done, EventOutcome::Noted]);
    assert_eq!(routed.books.tell(event), EventOutcome::Noted);
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap();
    assert_eq!((counters.submitted, counters.cost_operators.micros()), (1, 33_000));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_that_was_taken_twice_costs_twice_and_both_ids_mean_it() {
    for settled_by in [&b"first"[..], b"second"] {
        let routed = RoutedBooks::open();
        let dispatch = Some(&b"spring"[..]);
        let row =
            routed.send(&Message { dispatch, route: Some(Route::to(routed.alpha)), ..Message::default() });
        let id = row.key.message_id;
        routed.books.tell(accepted(&row, routed.alpha, b"first"));
        let again =
            Acceptance { attempts: 2, possible_duplicate: true, ..acceptance(&row, routed.alpha, b"second") };
        assert_eq!(routed.books.tell(DeliveryEvent::Accepted(again.clone())), EventOutcome::Done);
        assert_eq!(routed.books.tell(DeliveryEvent::Accepted(again)), EventOutcome::Noted);
        let state = routed.state(id).unwrap();
        assert_eq!(state.state, MessageState::Enroute);
        assert_eq!(state.cost.micros(), 2 * COST.micros());
        assert_eq!(state.cost_in_account_currency, Some(Amount::from_micros(66_000)));
        assert!(state.possible_duplicate);
        routed.books.prove();
        // The first one's time is not up any more: the second is waited for.
        let timed_out = DeliveryEvent::ReceiptTimedOut { operator: routed.alpha, place: b"first".to_vec() };
        assert_eq!(routed.books.tell(timed_out), EventOutcome::Noted);

        let outcome = routed.books.tell(receipt(routed.alpha, &[settled_by], ReceiptState::Delivered));
        assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Delivered, .. }), "{outcome:?}");
        for late in [&b"first"[..], b"second"] {
            let outcome = routed.books.tell(receipt(routed.alpha, &[late], ReceiptState::Undeliverable));
            assert_eq!(outcome, EventOutcome::Noted);
        }
        assert!(routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap().is_empty());
        let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap();
        assert_eq!(
            counters,
            DispatchCounters {
                messages: 1,
                segments: 1,
                submitted: 1,
                delivered: 1,
                cost: Amount::from_micros(50_000).into(),
                cost_operators: Amount::from_micros(66_000).into(),
                ..DispatchCounters::default()
            }
        );
        assert_eq!(routed.receipts().len(), 1);
        routed.books.prove();
        routed.close();
    }
}

#[test]
fn a_second_acceptance_of_a_message_at_its_end_adds_its_cost_and_nothing_else() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    assert_eq!(routed.books.tell(accepted(&row, routed.beta, b"2")), EventOutcome::Done);
    let state = routed.state(row.key.message_id).unwrap();
    assert_eq!((state.state, state.operator), (MessageState::Delivered, routed.alpha));
    assert_eq!(state.cost.micros(), 60_000);
    assert_eq!(
        routed.books.tell(receipt(routed.beta, &[b"2"], ReceiptState::Delivered)),
        EventOutcome::Noted
    );
    assert!(routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap().is_empty());
    routed.books.prove();
    routed.close();
}

#[test]
fn costs_in_two_currencies_add_up_in_the_accounts() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    let in_pounds =
        Acceptance { cost_currency: Currency::new("GBP").unwrap(), ..acceptance(&row, routed.beta, b"2") };
    routed.books.tell(DeliveryEvent::Accepted(in_pounds));
    let state = routed.state(row.key.message_id).unwrap();
    assert_eq!((state.cost, state.cost_currency), (COST, Currency::new("EUR")));
    assert_eq!(state.cost_in_account_currency, Some(Amount::from_micros(66_000)));
    routed.books.prove();
    routed.close();
}

#[test]
fn an_acceptance_after_the_end_changes_nothing() {
    let routed = RoutedBooks::open();
    let [rejected, cancelled] = [routed.send_plain(), routed.send_plain()];
    routed.books.tell(failed(&rejected, Outcome::Rejected));
    routed.books.cancel(routed.account, cancelled.key.message_id).unwrap();
    let before = routed.books.prove();
    for row in [&rejected, &cancelled] {
        assert_eq!(routed.books.tell(accepted(row, routed.alpha, b"9")), EventOutcome::Noted);
    }
    assert_eq!(routed.books.prove(), before);
    assert!(routed.books.store.upstream().get(routed.alpha, b"9").unwrap().is_none());
    routed.close();
}

#[test]
fn an_operator_without_receipts_has_a_message_for_good() {
    let routed = RoutedBooks::open();
    let dispatch = Some(&b"spring"[..]);
    let row = routed.send(&Message { dispatch, route: Some(Route::to(routed.alpha)), ..Message::default() });
    let for_good = Acceptance { final_now: true, ..acceptance(&row, routed.alpha, b"5") };
    assert_eq!(routed.books.tell(DeliveryEvent::Accepted(for_good.clone())), EventOutcome::Done);
    assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Accepted));
    assert!(routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap().is_empty());
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap();
    assert_eq!((counters.submitted, counters.unconfirmed, counters.pending()), (1, 1, 0));
    // A receipt all the same, and the acceptance once more.
    assert_eq!(
        routed.books.tell(receipt(routed.alpha, &[b"5"], ReceiptState::Undeliverable)),
        EventOutcome::Noted
    );
    assert_eq!(routed.books.tell(DeliveryEvent::Accepted(for_good)), EventOutcome::Noted);
    assert_eq!(routed.spent(), 50_000);
    routed.books.prove();
    routed.close();
}

#[test]
fn who_pays_for_delivery_does_not_pay_where_no_receipt_comes() {
    let routed = RoutedBooks::open();
    let terms = SettlementTerms { charge_on: ChargeOn::Delivery, refund_on: RefundOn::NONE };
    let route = Route { terms, ..Route::to(routed.alpha) };
    let row = routed.send(&Message { route: Some(route), ..Message::default() });
    let for_good = Acceptance { final_now: true, ..acceptance(&row, routed.alpha, b"5") };
    routed.books.tell(DeliveryEvent::Accepted(for_good));
    assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Enroute));
    let timed_out = DeliveryEvent::ReceiptTimedOut { operator: routed.alpha, place: b"5".to_vec() };
    let outcome = routed.books.tell(timed_out.clone());
    assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Unknown, refunded: true, .. }));
    assert_eq!(routed.books.tell(timed_out), EventOutcome::Noted);
    assert_eq!(routed.spent(), 0);
    assert_eq!(routed.receipts()[0].1.state, ReceiptState::Unknown);
    routed.books.prove();
    routed.close();
}

/// A receipt for another number than that of most messages.
fn receipt_of(number: &str, routed: &RoutedBooks, state: ReceiptState) -> DeliveryEvent {
    let mut event = receipt(routed.alpha, &[b"1"], state);
    if let DeliveryEvent::Receipt { source, .. } = &mut event {
        *source = number.as_bytes().to_vec();
    }
    event
}

#[test]
fn messages_with_one_id_are_told_apart_by_their_numbers() {
    let routed = RoutedBooks::open();
    let route = Some(Route::to(routed.alpha));
    let to = |destination| routed.send(&Message { destination, route, ..Message::default() });
    let [first, second, third] = ["254722000011", "254722000012", "254722000013"].map(to);
    routed.books.tell_all(vec![accepted(&first, routed.alpha, b"1"), accepted(&second, routed.alpha, b"1")]);
    routed.books.tell(accepted(&third, routed.alpha, b"1"));
    for row in [&first, &second, &third] {
        assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Enroute));
    }
    routed.books.prove();
    routed.books.tell(receipt_of("0722000012", &routed, ReceiptState::Undeliverable));
    routed.books.tell(receipt_of("+254722000011", &routed, ReceiptState::Delivered));
    let states = [&first, &second, &third].map(|row| routed.message_state(row.key.message_id).unwrap());
    assert_eq!(states, [MessageState::Delivered, MessageState::Undeliverable, MessageState::Enroute]);
    routed.books.prove();
    // Days later the id is given again, and the first number's receipt comes once more.
    let fourth = to("254722000014");
    routed.books.tell(accepted(&fourth, routed.alpha, b"1"));
    let again = routed.books.tell(receipt_of("254722000011", &routed, ReceiptState::Delivered));
    assert_eq!(again, EventOutcome::Noted);
    routed.books.tell(receipt_of("254722000013", &routed, ReceiptState::Expired));
    assert_eq!(routed.message_state(third.key.message_id), Some(MessageState::Expired));
    assert_eq!(routed.message_state(fourth.key.message_id), Some(MessageState::Enroute));
    routed.books.prove();
    // A receipt that came before its message's response is not taken for one of another message.
    let early = receipt_of("254722000015", &routed, ReceiptState::Undeliverable);
    let EventOutcome::Unmatched { reason: UnmatchedReason::OtherAddresses, .. } = routed.books.tell(early)
    else {
        panic!("it is of no message yet")
    };
    let fifth = to("254722000015");
    routed.books.tell(accepted(&fifth, routed.alpha, b"1"));
    assert_eq!(routed.message_state(fifth.key.message_id), Some(MessageState::Undeliverable));
    assert_eq!(routed.message_state(fourth.key.message_id), Some(MessageState::Enroute));
    routed.books.prove();
    let routed = routed.reopen();
    routed.books.tell(receipt_of("254722000014", &routed, ReceiptState::Delivered));
    assert_eq!(routed.message_state(fourth.key.message_id), Some(MessageState::Delivered));
    routed.books.prove();
    routed.close();
}

#[test]
fn messages_with_one_id_and_one_number_wait_until_their_time_is_up() {
    let routed = RoutedBooks::open();
    let [first, second] = [routed.send_plain(), routed.send_plain()];
    routed.books.tell_all(vec![accepted(&first, routed.alpha, b"1"), accepted(&second, routed.alpha, b"1")]);
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable));
    let EventOutcome::Unmatched { reason: UnmatchedReason::SeveralMessages, .. } = outcome else {
        panic!("{outcome:?}")
    };
    for row in [&first, &second] {
        assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Enroute));
    }
    let overdue = routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap();
    assert_eq!(overdue.len(), 2);
    for (operator, place) in overdue {
        let outcome = routed.books.tell(DeliveryEvent::ReceiptTimedOut { operator, place });
        assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Unknown, .. }), "{outcome:?}");
    }
    // An id of another operator is another id.
    let third = routed.send_plain();
    routed.books.tell(accepted(&third, routed.beta, b"1"));
    routed.books.tell(receipt(routed.beta, &[b"1"], ReceiptState::Delivered));
    assert_eq!(routed.message_state(third.key.message_id), Some(MessageState::Delivered));
    routed.books.prove();
    routed.close();
}

#[test]
fn an_id_that_was_given_again_is_not_settled_by_its_first_message() {
    let routed = RoutedBooks::open();
    let [first, second] = [routed.send_plain(), routed.send_plain()];
    routed.books.tell(accepted(&first, routed.alpha, b"1"));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    routed.books.tell(accepted(&second, routed.alpha, b"1"));
    routed.books.prove();
    // The first one is taken once more, elsewhere, and heard of.
    routed.books.tell(accepted(&first, routed.beta, b"9"));
    assert_eq!(
        routed.books.tell(receipt(routed.beta, &[b"9"], ReceiptState::Delivered)),
        EventOutcome::Noted
    );
    let overdue = routed.books.store.upstream().overdue(FOR_EVER, 10).unwrap();
    assert_eq!(overdue, [(routed.alpha, b"1".to_vec())]);
    routed.books.prove();
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable));
    assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Undelivered, .. }), "{outcome:?}");
    assert_eq!(routed.message_state(second.key.message_id), Some(MessageState::Undeliverable));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_row_that_is_none_is_refused_and_spoils_nothing_else() {
    let routed = RoutedBooks::open();
    let [row, other] = [routed.send_plain(), routed.send_plain()];
    let damaged = Acceptance { row: Box::from(*b"?"), ..acceptance(&row, routed.alpha, b"1") };
    // Both batches and the charge are most likely one commit; whether or not, the first event of the refused batch is
    // not folded.
    let events = vec![accepted(&row, routed.alpha, b"1"), DeliveryEvent::Accepted(damaged)];
    let refused = routed.books.start_deliver(events.clone());
    let fine = routed.books.start_deliver(vec![accepted(&other, routed.alpha, b"2")]);
    let refused = crate::support::wait(refused).unwrap();
    assert_eq!(refused, tollgate_storage::delivery::DeliveryResult::Refused(events));
    assert!(matches!(
        crate::support::wait(fine).unwrap(),
        tollgate_storage::delivery::DeliveryResult::Durable(outcomes) if outcomes == [EventOutcome::Done]
    ));
    assert!(routed.is_queued(row.key) && !routed.is_queued(other.key));
    routed.books.prove();
    routed.close();
}
