//! Cancelled and replaced messages.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Posting;
use tollgate_storage::chunk::CancelError;
use tollgate_storage::delivery::EventOutcome;
use tollgate_storage::rows::{DispatchCounters, MessageState};
use tollgate_storage::schema::Family;

use crate::support::routed::{RoutedBooks, accepted, expired, leased, receipt};
use crate::support::{FAR, MONTH, Message, Route, body};

fn posting(account: AccountNumber, micros: i64) -> Posting {
    Posting { account, amount: Amount::from_micros(micros), month: MONTH, ..Posting::default() }
}

fn rows(routed: &RoutedBooks, family: Family) -> usize {
    let mut rows = 0;
    routed
        .books
        .store
        .scan(family, &[], |_, _| {
            rows += 1;
            true
        })
        .unwrap();
    rows
}

#[test]
fn waiting_and_scheduled_messages_are_cancelled_with_all_that_belongs_to_them() {
    let routed = RoutedBooks::open();
    let plain = Route::to(routed.alpha);
    let routes = [
        plain,
        Route { expires_at: Some(UnixMicros(5)), ..plain },
        Route { scheduled_at: Some(FAR), ..plain },
        Route { scheduled_at: Some(FAR), expires_at: Some(FAR), ..plain },
    ];
    let dispatch = Some(&b"spring"[..]);
    for route in routes {
        let id = routed.charge(&Message { dispatch, route: Some(route), ..Message::default() });
        routed.books.prove();
        assert_eq!(routed.books.cancel(routed.account, id), Ok(()));
        assert_eq!(routed.books.cancel(routed.account, id), Err(CancelError::Final));
        assert_eq!(routed.message_state(id), Some(MessageState::Deleted));
        assert_eq!(
            [Family::Queue, Family::Scheduled, Family::Expiries].map(|family| rows(&routed, family)),
            [0; 3]
        );
        assert_eq!(routed.spent(), 0);
        routed.books.prove();
    }
    let counters = routed.books.store.dispatches().counters(routed.account, b"spring").unwrap();
    assert_eq!(counters, Some(DispatchCounters { messages: 4, cancelled: 4, ..DispatchCounters::default() }));
    assert!(routed.receipts().is_empty());
    assert_eq!(routed.books.recorder.take().refunds.len(), 4);
    routed.close();
}

#[test]
fn what_is_on_a_wire_or_with_an_operator_is_not_cancelled() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let id = row.key.message_id;
    routed.books.tell(leased(1, routed.alpha, &[row.key]));
    assert_eq!(routed.books.cancel(routed.account, id), Err(CancelError::Final));
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    assert_eq!(routed.books.cancel(routed.account, id), Err(CancelError::Final));
    assert_eq!(routed.spent(), 50_000);
    assert_eq!(routed.books.cancel(routed.account, id + 1), Err(CancelError::Unknown));
    routed.books.prove();
    routed.close();
}

#[test]
fn cancelled_messages_neither_expire_nor_get_receipts() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.cancel(routed.account, row.key.message_id).unwrap();
    assert_eq!(routed.books.tell(expired(row.key)), EventOutcome::Noted);
    let late = routed.books.tell(receipt(
        routed.alpha,
        &[b"1"],
        tollgate_engine::settlement::ReceiptState::Delivered,
    ));
    assert!(matches!(late, EventOutcome::Unmatched { .. }));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_replacement_moves_the_end_of_the_validity() {
    let routed = RoutedBooks::open();
    let mut route = Route { expires_at: Some(UnixMicros(5)), ..Route::to(routed.alpha) };
    let row = routed.send(&Message { route: Some(route), ..Message::default() });
    let id = row.key.message_id;
    let expiries = || routed.books.store.queue().due_expiries(UnixMicros(u64::MAX), 10).unwrap();
    assert_eq!(expiries(), [(UnixMicros(5), row.key)]);
    for (expires_at, text) in
        [(Some(FAR), "a"), (None, "b"), (Some(UnixMicros(9)), "c"), (Some(UnixMicros(9)), "d")]
    {
        (route.expires_at, route.text) = (expires_at, text.as_bytes());
        let body = body(&Message::default(), &route, &posting(routed.account, 50_000), UnixMicros(1));
        assert_eq!(routed.books.replace(routed.account, id, &body), Ok(()));
        let expected: Vec<_> = expires_at.map(|at| (at, row.key)).into_iter().collect();
        assert_eq!(expiries(), expected);
        routed.books.prove();
    }
    routed.books.cancel(routed.account, id).unwrap();
    assert!(expiries().is_empty());
    routed.books.prove();
    routed.close();
}

#[test]
fn scheduled_messages_are_replaced_where_they_wait() {
    let routed = RoutedBooks::open();
    let due = UnixMicros(1_000);
    let route = Route { scheduled_at: Some(due), text: b"old", ..Route::to(routed.alpha) };
    let id = routed.charge(&Message { route: Some(route), ..Message::default() });
    let body = body(
        &Message::default(),
        &Route { text: b"new", ..route },
        &posting(routed.account, 50_000),
        UnixMicros(1),
    );
    assert_eq!(routed.books.replace(routed.account, id, &body), Ok(()));
    routed.books.prove();
    let row = routed.books.store.queue().scheduled_row(due, id).unwrap().unwrap();
    assert!(row.bytes.ends_with(b"\x03new\x00"), "its text, and no TLVs");
    routed.close();
}

#[test]
fn what_cannot_be_replaced_stays_as_it_is() {
    let routed = RoutedBooks::open();
    let route = Route::to(routed.alpha);
    let same = body(&Message::default(), &route, &posting(routed.account, 50_000), UnixMicros(1));
    let charged_only = routed.charge(&Message::default());
    assert_eq!(routed.books.replace(routed.account, charged_only, &same), Err(CancelError::Final));
    let row = routed.send_plain();
    let id = row.key.message_id;
    // Another price, another dispatch, no message.
    let dearer = body(&Message::default(), &route, &posting(routed.account, 50_001), UnixMicros(1));
    assert_eq!(routed.books.replace(routed.account, id, &dearer), Err(CancelError::Final));
    let elsewhere = Message { dispatch: Some(b"autumn"), ..Message::default() };
    let elsewhere = body(&elsewhere, &route, &posting(routed.account, 50_000), UnixMicros(1));
    assert_eq!(routed.books.replace(routed.account, id, &elsewhere), Err(CancelError::Final));
    assert_eq!(routed.books.replace(routed.account, id, b"?"), Err(CancelError::Unavailable));
    assert_eq!(routed.books.store.queue().row(row.key).unwrap(), Some(row.bytes.clone()));
    // On a wire, with an operator, at its end, not there.
    routed.books.tell(leased(1, routed.alpha, &[row.key]));
    assert_eq!(routed.books.replace(routed.account, id, &same), Err(CancelError::Final));
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    assert_eq!(routed.books.replace(routed.account, id, &same), Err(CancelError::Final));
    assert_eq!(routed.books.replace(routed.account, id + 1, &same), Err(CancelError::Unknown));
    routed.books.prove();
    routed.close();
}
