//! Messages that wait for their time, and how operators were.

use tollgate_engine::health::HealthSample;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::message::QueueKey;
use tollgate_storage::rows::MessageState;

use crate::support::routed::{RoutedBooks, accepted, expired};
use crate::support::{FAR, Message, Route};

fn due(until: u64, at_most: u32) -> DeliveryEvent {
    DeliveryEvent::Due { until: UnixMicros(until), at_most }
}

/// Charges one message for each of these times.
fn schedule(routed: &RoutedBooks, times: &[u64]) -> Vec<u64> {
    let route = |at: u64| Route { scheduled_at: Some(UnixMicros(at)), ..Route::to(routed.alpha) };
    times.iter().map(|at| routed.charge(&Message { route: Some(route(*at)), ..Message::default() })).collect()
}

fn ids(routed: &RoutedBooks) -> Vec<u64> {
    routed.books.recorder.take().queued.into_iter().map(|row| row.key.message_id).collect()
}

#[test]
fn scheduled_messages_are_handed_over_when_they_are_due() {
    let routed = RoutedBooks::open();
    let sent = schedule(&routed, &[30, 10, 20, 40]);
    assert!(ids(&routed).is_empty());
    assert_eq!(routed.books.store.queue().next_scheduled().unwrap(), Some(UnixMicros(10)));
    routed.books.prove();
    assert_eq!(routed.books.tell(due(9, 100)), EventOutcome::Due { released: 0 });
    assert_eq!(routed.books.tell(due(30, 1)), EventOutcome::Due { released: 1 });
    assert_eq!(ids(&routed), [sent[1]]);
    assert_eq!(routed.books.prove().scheduled, 3);
    // Asked twice in one commit, the second finds what the first has left.
    let outcomes = routed.books.tell_all(vec![due(30, 1), due(30, 100), due(30, 100)]);
    assert_eq!(outcomes, [1, 1, 0].map(|released| EventOutcome::Due { released }));
    // By their ids, whatever the order of their times.
    assert_eq!(ids(&routed), [sent[0], sent[2]]);
    let report = routed.books.prove();
    assert_eq!((report.queued, report.scheduled), (3, 1));
    routed.close();
}

#[test]
fn a_released_message_is_settled_like_any_other() {
    let routed = RoutedBooks::open();
    schedule(&routed, &[10]);
    routed.books.tell(due(10, 100));
    let row = routed.books.recorder.take().queued.remove(0);
    assert_eq!(routed.books.tell(accepted(&row, routed.alpha, b"1")), EventOutcome::Done);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_that_is_released_and_expires_at_once_is_handed_to_nobody() {
    let routed = RoutedBooks::open();
    let expires_at = Some(UnixMicros(20));
    let route = Route { scheduled_at: Some(UnixMicros(10)), expires_at, ..Route::to(routed.alpha) };
    let message_id = routed.charge(&Message { route: Some(route), ..Message::default() });
    let key = QueueKey { first_choice: routed.alpha, class: route.class, message_id };
    let outcomes = routed.books.tell_all(vec![due(10, 100), expired(key), due(10, 100)]);
    assert_eq!(outcomes[0], EventOutcome::Due { released: 1 });
    assert!(matches!(outcomes[1], EventOutcome::Settled { outcome: Outcome::Expired, .. }));
    assert_eq!(outcomes[2], EventOutcome::Due { released: 0 });
    assert!(ids(&routed).is_empty());
    assert!(routed.books.store.queue().due_expiries(FAR, 10).unwrap().is_empty());
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_whose_validity_ends_before_its_time_expires_where_it_waits() {
    let routed = RoutedBooks::open();
    let route =
        Route { scheduled_at: Some(FAR), expires_at: Some(UnixMicros(20)), ..Route::to(routed.alpha) };
    let message_id = routed.charge(&Message { route: Some(route), ..Message::default() });
    schedule(&routed, &[FAR.0]);
    let overdue = routed.books.store.queue().due_expiries(UnixMicros(20), 10).unwrap();
    assert_eq!(overdue.len(), 1);
    let outcome = routed.books.tell(expired(overdue[0].1));
    assert!(matches!(outcome, EventOutcome::Settled { outcome: Outcome::Expired, refunded: true, .. }));
    assert_eq!(routed.message_state(message_id), Some(MessageState::Expired));
    assert!(routed.books.store.queue().due_expiries(UnixMicros(20), 10).unwrap().is_empty());
    assert_eq!(routed.books.prove().scheduled, 1);
    routed.close();
}

#[test]
fn samples_of_operators_are_kept() {
    let routed = RoutedBooks::open();
    let sample = |score| HealthSample { bound: true, score, ..HealthSample::default() };
    let event = |at, score| DeliveryEvent::Health {
        operator: routed.beta,
        at: UnixMicros(at),
        sample: sample(score),
    };
    routed.books.tell_all(vec![event(10, 90), event(20, 80), event(20, 70)]);
    let kept = routed.books.store.health(routed.beta, UnixMicros(0), UnixMicros(100)).unwrap();
    assert_eq!(kept, [(UnixMicros(10), sample(90)), (UnixMicros(20), sample(70))]);
    assert!(routed.books.store.health(routed.alpha, UnixMicros(0), UnixMicros(100)).unwrap().is_empty());
    routed.close();
}
