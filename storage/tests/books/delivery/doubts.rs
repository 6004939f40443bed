//! Events and disks that fail: nothing is lost, and nothing is done twice.

use std::collections::BTreeMap;

use tollgate_engine::health::HealthSample;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::chunk::{ChunkOutcome, CommitOutcome};
use tollgate_storage::delivery::{DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::message::QueuedRow;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::schema::{Family, USAGE_COUNTED_KEY};
use tollgate_storage::usage::{ALL_ACCOUNTS, Quarter, UsageKey};

use crate::series::told;
use crate::support::routed::{RoutedBooks, accepted, answered, expired, failed, leased, receipt};
use crate::support::{Fate, Message, Route, Script, wait_until};

/// More attempts than a batch in doubt is waited for.
const LONGER_THAN_DOUBT: u32 = 30;

/// Until the test says otherwise.
const FOR_NOW: u32 = u32::MAX;

fn failing() -> (RoutedBooks, Script) {
    let script = Script::default();
    let routed = RoutedBooks::open().reopen_with(|store| script.journal(store));
    (routed, script)
}

/// Every row of the directory.
fn image(routed: &RoutedBooks) -> BTreeMap<(Family, Vec<u8>), Vec<u8>> {
    let mut rows = BTreeMap::new();
    for family in Family::ALL {
        let visit = |key: &[u8], value: &[u8]| {
            rows.insert((*family, key.to_vec()), value.to_vec());
            true
        };
        routed.books.store.scan(*family, &[], visit).unwrap();
    }
    rows
}

/// Usage as readers see it, the charges that are not in the rows yet among it.
fn usage(routed: &RoutedBooks) -> Vec<(UsageKey, UsageRow)> {
    let mut rows = Vec::new();
    for account in [routed.account, ALL_ACCOUNTS] {
        let visit = |key: &UsageKey, row: &UsageRow| {
            rows.push((*key, row.clone()));
            true
        };
        routed.books.store.usage().of_account(account, Quarter(0)..Quarter(u32::MAX), visit).unwrap();
    }
    rows
}

/// False for rows that change although an event was known before: each lease and sample is a new one, and any commit may
/// count charges, or make them findable, a while after they were durable.
fn stays(family: Family, key: &[u8]) -> bool {
    let counted_later = [Family::Usage, Family::Series, Family::SeriesOpen, Family::MessageFilters];
    let is_counted_later =
        counted_later.contains(&family) || (family == Family::Meta && key == USAGE_COUNTED_KEY);
    !is_counted_later && ![Family::Leases, Family::Health, Family::Sums].contains(&family)
}

/// Messages in every stage, and the events that settle them.
fn busy(routed: &RoutedBooks) -> Vec<DeliveryEvent> {
    let dispatch = Some(&b"spring"[..]);
    let route = Route { expires_at: Some(UnixMicros(7)), ..Route::to(routed.alpha) };
    let send = || routed.send(&Message { dispatch, segments: 2, route: Some(route), ..Message::default() });
    let rows: Vec<QueuedRow> = (0..8).map(|_| send()).collect();
    let scheduled = Route { scheduled_at: Some(UnixMicros(10)), ..route };
    routed.charge(&Message { route: Some(scheduled), ..Message::default() });
    routed.books.tell_all(vec![
        leased(1, routed.alpha, &[rows[0].key, rows[1].key]),
        accepted(&rows[1], routed.alpha, b"1"),
        receipt(routed.alpha, &[b"2"], ReceiptState::Undeliverable),
        accepted(&rows[5], routed.alpha, b"5"),
        receipt(routed.alpha, &[b"5"], ReceiptState::Delivered),
        accepted(&rows[6], routed.alpha, b"6"),
        accepted(&rows[7], routed.beta, b"9"),
    ]);
    let done: Vec<u64> = routed.receipts().into_iter().map(|(id, _)| id).collect();
    vec![
        receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable),
        accepted(&rows[0], routed.alpha, b"2"),
        failed(&rows[2], Outcome::Rejected),
        expired(rows[3].key),
        DeliveryEvent::Released { lease: 1 },
        leased(2, routed.beta, &[rows[4].key]),
        accepted(&rows[6], routed.beta, b"7"),
        DeliveryEvent::ReceiptTimedOut { operator: routed.beta, place: b"9".to_vec() },
        receipt(routed.beta, &[b"8"], ReceiptState::Delivered),
        DeliveryEvent::Due { until: UnixMicros(10), at_most: 10 },
        answered(routed.account, &done, 0),
        DeliveryEvent::Health { operator: routed.alpha, at: UnixMicros(1), sample: HealthSample::default() },
    ]
}

#[test]
fn events_in_doubt_wait_and_are_done_once() {
    let (routed, script) = failing();
    let events = busy(&routed);
    routed.books.prove();
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(LONGER_THAN_DOUBT);
    let outcomes = routed.books.tell_all(events.clone());
    assert!(
        outcomes[..2].iter().all(|outcome| matches!(outcome, EventOutcome::Settled { .. })),
        "{outcomes:?}"
    );
    routed.books.prove();
    let (after, used, counted) = (image(&routed), usage(&routed), told(&routed.books.store));
    let again = routed.books.tell_all(events);
    assert!(again.iter().all(|outcome| !matches!(outcome, EventOutcome::Settled { .. })), "{again:?}");
    let rows = |image: BTreeMap<(Family, Vec<u8>), Vec<u8>>| {
        image.into_iter().filter(|((family, key), _)| stays(*family, key)).collect::<Vec<_>>()
    };
    assert!(rows(image(&routed)) == rows(after), "told twice, done once");
    assert_eq!(usage(&routed), used, "told twice, counted once");
    assert_eq!(told(&routed.books.store), counted, "told twice, counted once");
    routed.books.prove();
    routed.close();
}

#[test]
fn events_in_doubt_that_were_written_are_durable() {
    let (routed, script) = failing();
    let events = busy(&routed);
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(1);
    assert!(matches!(routed.books.deliver(events.clone()), DeliveryResult::Durable(_)));
    wait_until(|| routed.books.committer.is_available());
    // Deletions alone are recognised too.
    routed.books.recorder.take();
    let key = routed.send_plain().key;
    routed.books.tell(leased(9, routed.alpha, &[key]));
    for (fate, durable) in [(Fate::LostInDoubt, false), (Fate::WrittenInDoubt, true)] {
        script.then([fate]);
        let result = routed.books.deliver(vec![DeliveryEvent::Released { lease: 9 }]);
        assert_eq!(matches!(result, DeliveryResult::Durable(_)), durable, "{fate:?}");
        wait_until(|| routed.books.committer.is_available());
    }
    assert!(routed.books.store.queue().leases().unwrap().iter().all(|lease| lease.id != 9));
    routed.books.prove();
    routed.close();
}

#[test]
fn a_full_disk_gives_the_events_back() {
    let (routed, script) = failing();
    let events = busy(&routed);
    let before = image(&routed);
    script.then([Fate::Full]);
    script.fail_recoveries(FOR_NOW);
    assert_eq!(routed.books.deliver(events.clone()), DeliveryResult::Refused(events.clone()));
    // While it is latched too.
    assert_eq!(routed.books.deliver(events.clone()), DeliveryResult::Refused(events.clone()));
    script.fail_recoveries(0);
    wait_until(|| routed.books.committer.is_available());
    assert!(image(&routed) == before);
    routed.books.tell_all(events);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_charge_in_doubt_is_queued_once_it_is_known_to_be_durable() {
    let (routed, script) = failing();
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(FOR_NOW);
    let mut session = routed.books.session(routed.account);
    let mut chunk = session.chunk();
    let route = Some(Route::to(routed.alpha));
    session.charge(&mut chunk, &Message { route, ..Message::default() }).unwrap();
    routed.books.committer.try_charge(chunk).unwrap();
    assert!(matches!(session.hear(), CommitOutcome::InDoubt));
    assert!(routed.books.recorder.take().queued.is_empty());
    script.fail_recoveries(0);
    assert!(matches!(session.outcome().1, ChunkOutcome::Durable { .. }));
    let queued = routed.books.recorder.take().queued;
    assert_eq!(queued.len(), 1);
    assert!(routed.is_queued(queued[0].key));
    routed.books.prove();
    drop(session);
    routed.close();
}

#[test]
fn the_ears_hear_of_a_commit_before_its_askers_do() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.recorder.take();
    let balance = routed.books.wallet(routed.account).state().balance;
    let (wallet, recorder) =
        (routed.books.wallet(routed.account), std::sync::Arc::clone(&routed.books.recorder));
    let (reply, seen) = tokio::sync::oneshot::channel();
    let done = Box::new(move |result| {
        assert!(matches!(result, DeliveryResult::Durable(_)));
        drop(reply.send((wallet.state().balance, recorder.take())));
    });
    let events = vec![failed(&row, Outcome::Rejected)];
    routed.books.committer.deliver(tollgate_storage::delivery::DeliveryBatch { events, done }).unwrap();
    let (after, heard) = crate::support::wait(seen).unwrap();
    assert_eq!(after.micros() - balance.micros(), 50_000);
    assert_eq!((heard.refunds.len(), heard.receipts.len()), (1, 1));
    routed.close();
}
