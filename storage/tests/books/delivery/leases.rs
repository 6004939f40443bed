//! Leases: what may be on a wire, and what must not go there any more.

use tollgate_storage::chunk::CancelError;
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::message::{Message as Row, QueuedRow};
use tollgate_storage::rows::LeaseRow;

use crate::support::desk::{Desk, accepted, expired, leased};
use crate::support::{Message, Route, body};

/// The body of a plain message with another text.
fn replaced(desk: &Desk, text: &[u8]) -> Vec<u8> {
    let posting = tollgate_engine::wallet::Posting {
        account: desk.account,
        amount: tollgate_engine::money::Amount::from_micros(50_000),
        month: crate::support::MONTH,
        ..Default::default()
    };
    let route = Route { text, ..Route::to(desk.alpha) };
    body(&Message::default(), &route, &posting, tollgate_engine::time::UnixMicros(1))
}

fn text_of(row: &QueuedRow) -> Vec<u8> {
    Row::read(row.key.message_id, &row.bytes).unwrap().content.payload.to_vec()
}

#[test]
fn a_lease_is_kept_until_it_is_released() {
    let desk = Desk::open();
    let rows = [desk.send_plain(), desk.send_plain()];
    let keys = rows.each_ref().map(|row| row.key);
    let outcome = desk.books.tell(leased(5, desk.beta, &keys));
    assert_eq!(outcome, EventOutcome::Leased { dropped: Vec::new(), replaced: Vec::new() });
    let leases = desk.books.store.queue().leases().unwrap();
    let LeaseRow { id, operator, keys: leased_keys, .. } = &leases[0];
    assert_eq!((*id, *operator, &leased_keys[..]), (5, desk.beta, &keys[..]));
    desk.books.prove();
    // Over a restart, and though its messages are settled.
    desk.books.tell(accepted(&rows[0], desk.beta, b"1"));
    let desk = desk.reopen();
    assert_eq!(desk.books.cancel(desk.account, keys[1].message_id), Err(CancelError::Final));
    let released = DeliveryEvent::Released { lease: 5 };
    assert_eq!(
        desk.books.tell_all(vec![released.clone(), released]),
        [EventOutcome::Done, EventOutcome::Noted]
    );
    assert!(desk.books.store.queue().leases().unwrap().is_empty());
    assert_eq!(desk.books.cancel(desk.account, keys[1].message_id), Ok(()));
    desk.books.prove();
    desk.close();
}

#[test]
fn a_message_in_two_leases_is_free_when_both_have_ended() {
    let desk = Desk::open();
    let key = desk.send_plain().key;
    desk.books.tell_all(vec![
        leased(1, desk.alpha, &[key]),
        leased(2, desk.beta, &[key]),
        DeliveryEvent::Released { lease: 1 },
    ]);
    assert_eq!(desk.books.cancel(desk.account, key.message_id), Err(CancelError::Final));
    desk.books.tell(DeliveryEvent::Released { lease: 2 });
    assert_eq!(desk.books.cancel(desk.account, key.message_id), Ok(()));
    desk.books.prove();
    desk.close();
}

#[test]
fn who_holds_a_message_that_was_cancelled_expired_or_replaced_is_told() {
    let desk = Desk::open();
    let rows: Vec<QueuedRow> = (0..4).map(|_| desk.send_plain()).collect();
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    desk.books.cancel(desk.account, keys[0].message_id).unwrap();
    desk.books.tell(expired(keys[1]));
    desk.books.replace(desk.account, keys[2].message_id, &replaced(&desk, b"first")).unwrap();
    desk.books.replace(desk.account, keys[2].message_id, &replaced(&desk, b"second")).unwrap();
    let outcome = desk.books.tell(leased(1, desk.alpha, &keys));
    let EventOutcome::Leased { dropped, replaced } = outcome else { panic!("{outcome:?}") };
    assert_eq!(dropped, keys[..2]);
    assert_eq!(replaced.iter().map(|row| row.key).collect::<Vec<_>>(), [keys[2]]);
    assert_eq!(text_of(&replaced[0]), b"second");
    assert_eq!(desk.books.store.queue().leases().unwrap()[0].keys, keys[2..]);
    // That is said once.
    desk.books.tell(DeliveryEvent::Released { lease: 1 });
    let outcome = desk.books.tell(leased(2, desk.alpha, &keys[2..]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: Vec::new(), replaced: Vec::new() });
    desk.books.tell(accepted(&replaced[0], desk.alpha, b"1"));
    desk.books.prove();
    desk.close();
}

#[test]
fn a_lease_of_nothing_is_none() {
    let desk = Desk::open();
    let row = desk.send_plain();
    desk.books.cancel(desk.account, row.key.message_id).unwrap();
    let outcome = desk.books.tell(leased(1, desk.alpha, &[row.key]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: vec![row.key], replaced: Vec::new() });
    assert!(desk.books.store.queue().leases().unwrap().is_empty());
    assert_eq!(desk.books.tell(DeliveryEvent::Released { lease: 1 }), EventOutcome::Noted);
    desk.books.prove();
    desk.close();
}

#[test]
fn a_replaced_message_is_given_back_as_it_was_charged() {
    let desk = Desk::open();
    let row = desk.send_plain();
    let id = row.key.message_id;
    desk.books.replace(desk.account, id, &replaced(&desk, b"other")).unwrap();
    let stored = desk.books.store.queue().row(row.key).unwrap().unwrap();
    assert_eq!(text_of(&QueuedRow { key: row.key, bytes: stored }), b"other");
    desk.books.prove();
    // Told by someone who still has the old row.
    let outcome =
        desk.books.tell(crate::support::desk::failed(&row, tollgate_engine::settlement::Outcome::Rejected));
    assert!(matches!(outcome, EventOutcome::Settled { refunded: true, .. }));
    assert_eq!(desk.spent(), 0);
    desk.books.prove();
    desk.close();
}
