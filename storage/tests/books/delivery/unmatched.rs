//! Receipts that come before it is known which message they mean, or whose message nobody knows.

use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_storage::delivery::{Acceptance, DeliveryEvent, EventOutcome};
use tollgate_storage::rows::MessageState;

use crate::support::routed::{RoutedBooks, acceptance, accepted, failed, receipt};

fn kept(routed: &RoutedBooks) -> Vec<u64> {
    routed.books.store.receipts().unmatched(None).unwrap().into_iter().map(|(_, id, _)| id).collect()
}

fn unmatched_id(outcome: &EventOutcome) -> u64 {
    let EventOutcome::Unmatched { id, .. } = outcome else { panic!("{outcome:?}") };
    *id
}

#[test]
fn a_receipt_that_comes_before_the_response_settles_with_it() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let early = routed.books.tell(receipt(routed.alpha, &[b"7", b"13"], ReceiptState::Delivered));
    assert_eq!(kept(&routed), [unmatched_id(&early)]);
    routed.books.prove();
    let outcome = routed.books.tell(accepted(&row, routed.alpha, b"7"));
    assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Delivered, .. }), "{outcome:?}");
    assert_eq!((routed.receipts().len(), kept(&routed).len()), (1, 0));
    routed.books.prove();
    routed.close();
}

#[test]
fn it_does_so_within_one_commit_and_after_a_restart() {
    let routed = RoutedBooks::open();
    let [first, second] = [routed.send_plain(), routed.send_plain()];
    let outcomes = routed.books.tell_all(vec![
        receipt(routed.alpha, &[b"1"], ReceiptState::Enroute),
        receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable),
        receipt(routed.alpha, &[b"2"], ReceiptState::Delivered),
        accepted(&first, routed.alpha, b"1"),
        receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable),
    ]);
    assert!(matches!(outcomes[3], EventOutcome::Settled { outcome: Outcome::Undelivered, .. }));
    assert_eq!(outcomes[4], EventOutcome::Noted);
    // The intermediate one and the last word, in the order in which they came.
    let states: Vec<_> = routed.receipts().into_iter().map(|(_, receipt)| receipt.state).collect();
    assert_eq!(states, [ReceiptState::Enroute, ReceiptState::Undeliverable]);
    let routed = routed.reopen();
    assert_eq!(kept(&routed), [unmatched_id(&outcomes[2])]);
    let outcome = routed.books.tell(accepted(&second, routed.alpha, b"2"));
    assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Delivered, .. }), "{outcome:?}");
    routed.books.prove();
    routed.close();
}

#[test]
fn a_receipt_that_is_told_again_is_kept_once() {
    let routed = RoutedBooks::open();
    let event = receipt(routed.alpha, &[b"1", b"2"], ReceiptState::Delivered);
    let outcomes = routed.books.tell_all(vec![event.clone(), event.clone()]);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(routed.books.tell(event), outcomes[0]);
    // Another operator's is another one, and so is another state.
    routed.books.tell(receipt(routed.beta, &[b"1", b"2"], ReceiptState::Delivered));
    routed.books.tell(receipt(routed.alpha, &[b"1", b"2"], ReceiptState::Enroute));
    assert_eq!(kept(&routed).len(), 3);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_receipt_is_not_taken_for_one_of_a_later_message() {
    let routed = RoutedBooks::open();
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    // Submitted in the future, so that the receipt is older than the message.
    let mut session = routed.books.session(routed.account);
    let mut chunk = session.chunk_with(crate::support::FAR, false);
    let route = Some(crate::support::Route::to(routed.alpha));
    session.charge(&mut chunk, &crate::support::Message { route, ..Default::default() }).unwrap();
    routed.books.committer.try_charge(chunk).unwrap();
    session.first_id();
    let row = routed.books.recorder.take().queued.remove(0);
    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, b"1")), EventOutcome::Done);
    assert_eq!(kept(&routed).len(), 1);
    // Nor where the id has to be read in another way and the receipt is about another number.
    let row = routed.send_plain();
    let mut event = receipt(routed.alpha, &[b"ff", b"255"], ReceiptState::Delivered);
    if let DeliveryEvent::Receipt { source, .. } = &mut event {
        *source = b"4915112345678".to_vec();
    }
    routed.books.tell(event);
    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, b"255")), EventOutcome::Done);
    assert_eq!(kept(&routed).len(), 2);
    routed.books.prove();
    drop(session);
    routed.close();
}

#[test]
fn a_message_of_unknown_outcome_is_matched_with_its_receipt() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"9"], ReceiptState::Delivered));
    let unmatched = unmatched_id(&outcome);
    let acceptance = acceptance(&row, routed.alpha, b"");
    let event = DeliveryEvent::MatchedByAddress { acceptance: acceptance.clone(), unmatched };
    let outcomes = routed.books.tell_all(vec![event.clone(), event.clone()]);
    assert!(matches!(outcomes[0], EventOutcome::Settled { outcome: Outcome::Delivered, .. }), "{outcomes:?}");
    assert_eq!(outcomes[1], EventOutcome::Noted);
    assert_eq!(routed.state(row.key.message_id).unwrap().upstream_id, b"9");
    assert!(kept(&routed).is_empty());
    // The receipt again.
    let again = routed.books.tell(receipt(routed.alpha, &[b"9"], ReceiptState::Delivered));
    assert_eq!(again, EventOutcome::Noted);
    routed.books.prove();

    // A receipt that is not there any more leaves the message where it is.
    let row = routed.send_plain();
    let acceptance = Acceptance { key: row.key, row: row.bytes.clone(), ..acceptance };
    assert_eq!(
        routed.books.tell(DeliveryEvent::MatchedByAddress { acceptance, unmatched }),
        EventOutcome::Noted
    );
    assert!(routed.is_queued(row.key));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_receipt_matched_by_address_that_is_not_the_last_word_leaves_the_message_with_its_operator() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"9"], ReceiptState::Enroute));
    let acceptance = Acceptance { final_now: true, ..acceptance(&row, routed.alpha, b"") };
    let matched = DeliveryEvent::MatchedByAddress { acceptance, unmatched: unmatched_id(&outcome) };
    assert_eq!(routed.books.tell(matched), EventOutcome::Done);
    assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Enroute));
    routed.books.tell(receipt(routed.alpha, &[b"9"], ReceiptState::Delivered));
    assert_eq!(routed.message_state(row.key.message_id), Some(MessageState::Delivered));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_at_its_end_is_matched_with_nothing() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(failed(&row, Outcome::Unknown));
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"9"], ReceiptState::Delivered));
    let unmatched = unmatched_id(&outcome);
    let matched =
        DeliveryEvent::MatchedByAddress { acceptance: acceptance(&row, routed.alpha, b""), unmatched };
    assert_eq!(routed.books.tell(matched), EventOutcome::Noted);
    assert_eq!(kept(&routed), [unmatched]);
    routed.books.prove();
    routed.close();
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    const MAX: usize = 100_000;
    let routed = RoutedBooks::open();
    let id = |count: usize| count.to_string().into_bytes();
    let alpha = routed.alpha;
    let tell = |range: std::ops::Range<usize>| {
        let event = |count| receipt(alpha, &[&id(count)], ReceiptState::Delivered);
        routed.books.tell_all(range.map(event).collect())
    };
    tell(0..MAX);
    assert_eq!(kept(&routed).len(), MAX);
    tell(MAX..MAX + 3);
    let rows = routed.books.store.receipts().unmatched(Some(alpha)).unwrap();
    assert_eq!(rows.len(), MAX);
    assert_eq!((&rows[0].2.ids[0], &rows[MAX - 1].2.ids[0]), (&id(3), &id(MAX + 2)));
    // What is gone settles nothing, and what is there does.
    let [first, second] = [routed.send_plain(), routed.send_plain()];
    assert_eq!(routed.books.tell(accepted(&first, alpha, &id(2))), EventOutcome::Done);
    assert!(matches!(routed.books.tell(accepted(&second, alpha, &id(3))), EventOutcome::Settled { .. }));
    let routed = routed.reopen();
    assert_eq!(kept(&routed).len(), MAX - 1);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_kept_receipt_is_replayed_with_its_id_read_in_another_way() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let outcome = routed.books.tell(receipt(routed.alpha, &[b"ff"], ReceiptState::Delivered));
    let unmatched = unmatched_id(&outcome);
    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, b"255")), EventOutcome::Done);
    let replayed = |ids: &[&[u8]]| {
        let ids = ids.iter().map(|id| id.to_vec()).collect();
        DeliveryEvent::Replayed { operator: routed.alpha, unmatched, ids, rewritten: false }
    };
    // As long as it means nobody it is kept.
    assert_eq!(unmatched_id(&routed.books.tell(replayed(&[b"ff", b"254"]))), unmatched);
    assert_eq!(kept(&routed), [unmatched]);
    let outcomes = routed.books.tell_all(vec![replayed(&[b"ff", b"255"]), replayed(&[b"ff", b"255"])]);
    assert!(matches!(outcomes[0], EventOutcome::Settled { outcome: Outcome::Delivered, .. }), "{outcomes:?}");
    assert_eq!(outcomes[1], EventOutcome::Noted);
    assert_eq!((kept(&routed).len(), routed.receipts().len()), (0, 1));
    routed.books.prove();
    routed.close();
}
