//! Leases: what may be on a wire, and what must not go there any more.

use tollgate_storage::chunk::CancelError;
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::message::{Message as Row, QueuedRow};
use tollgate_storage::rows::LeaseRow;

use crate::support::routed::{RoutedBooks, accepted, expired, leased};
use crate::support::{Message, Route, body};

/// The body of a plain message with another text.
fn replaced(routed: &RoutedBooks, text: &[u8]) -> Vec<u8> {
    let posting = tollgate_engine::wallet::Posting {
        account: routed.account,
        amount: tollgate_engine::money::Amount::from_micros(50_000),
        month: crate::support::MONTH,
        ..Default::default()
    };
    let route = Route { text, ..Route::to(routed.alpha) };
    body(&Message::default(), &route, &posting, tollgate_engine::time::UnixMicros(1))
}

fn text_of(row: &QueuedRow) -> Vec<u8> {
    Row::read(row.key.message_id, &row.bytes).unwrap().content.payload.to_vec()
}

#[test]
fn a_lease_is_kept_until_it_is_released() {
    let routed = RoutedBooks::open();
    let rows = [routed.send_plain(), routed.send_plain()];
    let keys = rows.each_ref().map(|row| row.key);
    let outcome = routed.books.tell(leased(5, routed.beta, &keys));
    assert_eq!(outcome, EventOutcome::Leased { dropped: Vec::new(), replaced: Vec::new() });
    let leases = routed.books.store.queue().leases().unwrap();
    let LeaseRow { id, operator, keys: leased_keys, .. } = &leases[0];
    assert_eq!((*id, *operator, &leased_keys[..]), (5, routed.beta, &keys[..]));
    routed.books.prove();
    // Over a restart, and though its messages are settled.
    routed.books.tell(accepted(&rows[0], routed.beta, b"1"));
    let routed = routed.reopen();
    assert_eq!(routed.books.cancel(routed.account, keys[1].message_id), Err(CancelError::Final));
    let released = DeliveryEvent::Released { lease: 5 };
    assert_eq!(
        routed.books.tell_all(vec![released.clone(), released]),
        [EventOutcome::Done, EventOutcome::Noted]
    );
    assert!(routed.books.store.queue().leases().unwrap().is_empty());
    assert_eq!(routed.books.cancel(routed.account, keys[1].message_id), Ok(()));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_in_two_leases_is_free_when_both_have_ended() {
    let routed = RoutedBooks::open();
    let key = routed.send_plain().key;
    routed.books.tell_all(vec![
        leased(1, routed.alpha, &[key]),
        leased(2, routed.beta, &[key]),
        DeliveryEvent::Released { lease: 1 },
    ]);
    assert_eq!(routed.books.cancel(routed.account, key.message_id), Err(CancelError::Final));
    routed.books.tell(DeliveryEvent::Released { lease: 2 });
    assert_eq!(routed.books.cancel(routed.account, key.message_id), Ok(()));
    routed.books.prove();
    routed.close();
}

#[test]
fn who_holds_a_message_that_was_cancelled_expired_or_replaced_is_told() {
    let routed = RoutedBooks::open();
    let rows: Vec<QueuedRow> = (0..4).map(|_| routed.send_plain()).collect();
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    routed.books.cancel(routed.account, keys[0].message_id).unwrap();
    routed.books.tell(expired(keys[1]));
    routed.books.replace(routed.account, keys[2].message_id, &replaced(&routed, b"first")).unwrap();
    routed.books.replace(routed.account, keys[2].message_id, &replaced(&routed, b"second")).unwrap();
    let outcome = routed.books.tell(leased(1, routed.alpha, &keys));
    let EventOutcome::Leased { dropped, replaced } = outcome else { panic!("{outcome:?}") };
    assert_eq!(dropped, keys[..2]);
    assert_eq!(replaced.iter().map(|row| row.key).collect::<Vec<_>>(), [keys[2]]);
    assert_eq!(text_of(&replaced[0]), b"second");
    assert_eq!(routed.books.store.queue().leases().unwrap()[0].keys, keys[2..]);
    // That is said once.
    routed.books.tell(DeliveryEvent::Released { lease: 1 });
    let outcome = routed.books.tell(leased(2, routed.alpha, &keys[2..]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: Vec::new(), replaced: Vec::new() });
    routed.books.tell(accepted(&replaced[0], routed.alpha, b"1"));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_lease_of_nothing_is_none() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.cancel(routed.account, row.key.message_id).unwrap();
    let outcome = routed.books.tell(leased(1, routed.alpha, &[row.key]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: vec![row.key], replaced: Vec::new() });
    assert!(routed.books.store.queue().leases().unwrap().is_empty());
    assert_eq!(routed.books.tell(DeliveryEvent::Released { lease: 1 }), EventOutcome::Noted);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_replaced_message_is_given_back_as_it_was_charged() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let id = row.key.message_id;
    routed.books.replace(routed.account, id, &replaced(&routed, b"other")).unwrap();
    let stored = routed.books.store.queue().row(row.key).unwrap().unwrap();
    assert_eq!(text_of(&QueuedRow { key: row.key, bytes: stored }), b"other");
    routed.books.prove();
    // Told by someone who still has the old row.
    let outcome = routed
        .books
        .tell(crate::support::routed::failed(&row, tollgate_engine::settlement::Outcome::Rejected));
    assert!(matches!(outcome, EventOutcome::Settled { refunded: true, .. }));
    assert_eq!(routed.spent(), 0);
    routed.books.prove();
    routed.close();
}
