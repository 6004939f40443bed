//! Usage by the countries of numbers: operators of one country have numbers of others, plans change, and directories of
//! earlier versions have counted by network alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_storage::countries::CountryTable;
use tollgate_storage::delivery::DeliveryEvent;
use tollgate_storage::rows::{Row, UsageRow};
use tollgate_storage::schema::{
    Family, NUMBER_COUNTRIES_PREFIX, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_COUNTRIES,
};
use tollgate_storage::store::{CommitRow, OpenError, Store, StoreOptions};
use tollgate_storage::usage::{Quarter, UsageKey, UsageOf};
use tollgate_storage::verify::verify;

use crate::support::routed::{RoutedBooks, accepted, receipt};
use crate::support::{Books, Message, Raw, Route, crash_image, options};

const GUERNSEY: &str = "447781100001";
const JERSEY: &str = "447700300123";
const NOWHERE: &str = "254722000001";

/// The countries of the shipped plan, or with Jersey's numbers taken for Guernsey's.
fn plan(knows_jersey: bool) -> Arc<CountryTable> {
    let jersey = if knows_jersey { "JE" } else { "GG" };
    let rows = [("44", "GB"), ("447781", "GG"), ("4477003", jersey)];
    Arc::new(CountryTable::of(rows.map(|(prefix, country)| (prefix.as_bytes(), country))))
}

fn sure() -> NetworkCode {
    NetworkCode::new("234", "55").unwrap()
}

fn to(destination: &str) -> Message<'_> {
    Message { destination, network: sure(), ..Message::default() }
}

/// The receipt of a message to this number that was delivered.
fn delivered(operator: OperatorNumber, id: &[u8], destination: &str) -> DeliveryEvent {
    let mut event = receipt(operator, &[id], ReceiptState::Delivered);
    if let DeliveryEvent::Receipt { source, .. } = &mut event {
        *source = destination.as_bytes().to_vec();
    }
    event
}

/// Messages sent and delivered, by country.
fn counted(store: &Store, account: AccountNumber) -> BTreeMap<String, (u64, u64)> {
    let mut counted = BTreeMap::new();
    let visit = |key: &UsageKey, row: &UsageRow| {
        if let UsageOf::Network(network, country) = key.of {
            assert_eq!(network, sure());
            let country = country.map(|country| country.to_string()).unwrap_or_default();
            assert_eq!(counted.insert(country, (row.messages, row.delivered)), None);
        }
        true
    };
    store.usage().of_account(account, Quarter(0)..Quarter(u32::MAX), visit).unwrap();
    counted
}

fn expected(counts: &[(&str, (u64, u64))]) -> BTreeMap<String, (u64, u64)> {
    counts.iter().map(|(country, counts)| ((*country).to_owned(), *counts)).collect()
}

#[test]
fn numbers_of_one_network_are_counted_by_their_countries() {
    let routed = RoutedBooks::open();
    routed.books.hold_countries(&plan(true));
    for destination in [GUERNSEY, JERSEY, JERSEY, NOWHERE] {
        routed.charge(&to(destination));
    }
    let sent = routed.send(&Message { route: Some(Route::to(routed.alpha)), ..to(JERSEY) });
    let before = expected(&[("", (1, 0)), ("GG", (1, 0)), ("JE", (3, 0))]);
    assert_eq!(counted(&routed.books.store, routed.account), before);
    routed.books.tell(accepted(&sent, routed.alpha, b"1"));
    routed.books.tell(delivered(routed.alpha, b"1", JERSEY));
    let after = expected(&[("", (1, 0)), ("GG", (1, 0)), ("JE", (3, 1))]);
    assert_eq!(counted(&routed.books.store, routed.account), after);
    routed.books.prove();
    // What charges add is in the rows once a writer has ended.
    let routed = routed.reopen();
    assert_eq!(counted(&routed.books.store, routed.account), after);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_message_keeps_the_country_of_the_plan_that_it_was_charged_by() {
    let routed = RoutedBooks::open();
    routed.books.hold_countries(&plan(false));
    let first = routed.send(&Message { route: Some(Route::to(routed.alpha)), ..to(JERSEY) });
    let cancelled = routed.send(&Message { route: Some(Route::to(routed.alpha)), ..to(JERSEY) });
    routed.books.hold_countries(&plan(true));
    let second = routed.send(&Message { route: Some(Route::to(routed.alpha)), ..to(JERSEY) });
    let routed = routed.reopen();
    for (row, id) in [(&first, b"1"), (&second, b"2")] {
        routed.books.tell(accepted(row, routed.alpha, id));
        routed.books.tell(delivered(routed.alpha, id, JERSEY));
    }
    routed.books.cancel(routed.account, cancelled.key.message_id).unwrap();
    let wanted = expected(&[("GG", (2, 1)), ("JE", (1, 1))]);
    assert_eq!(counted(&routed.books.store, routed.account), wanted);
    routed.books.prove();
    routed.close();
}

/// A directory as version 4 left it: the same rows, but usage by network alone and no countries of numbers.
fn directory_of_version_4() -> (tempfile::TempDir, AccountNumber, u64) {
    let routed = RoutedBooks::open();
    routed.books.hold_countries(&plan(true));
    for destination in [GUERNSEY, JERSEY, NOWHERE] {
        routed.charge(&to(destination));
    }
    let sent = routed.send(&Message { route: Some(Route::to(routed.alpha)), ..to(JERSEY) });
    routed.books.tell(accepted(&sent, routed.alpha, b"1"));
    let RoutedBooks { dir, books, account, .. } = routed;
    books.close();
    let last = Store::open_read_only(dir.path()).unwrap().last_commit().unwrap().unwrap();
    let raw = Raw::open(dir.path());
    for (key, _) in raw.rows(Family::Meta) {
        if key.starts_with(NUMBER_COUNTRIES_PREFIX) {
            raw.delete(Family::Meta, key);
        }
    }
    for (key, row) in raw.rows(Family::Usage) {
        raw.delete(Family::Usage, &key);
        // Whatever they held: they are counted again.
        raw.put(Family::Usage, &key[..13], row);
    }
    raw.put(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_COUNTRIES.to_be_bytes());
    drop(raw);
    (dir, account, last.number)
}

fn with_plan(path: &Path, number_countries: Option<Arc<CountryTable>>) -> StoreOptions {
    StoreOptions { number_countries, ..options(path) }
}

#[test]
fn a_directory_of_version_4_is_counted_again_by_the_plan_in_force() {
    let (dir, account, last) = directory_of_version_4();
    // A command that cannot read the plan leaves it to the daemon.
    let refused = Store::open(with_plan(dir.path(), None));
    assert!(matches!(refused, Err(OpenError::Outdated { found: 4, .. })), "{refused:?}");
    assert!(matches!(Store::open_read_only(dir.path()), Err(OpenError::Outdated { found: 4, .. })));
    let broken_off = crash_image(dir.path());

    let books = Books::open_as(with_plan(dir.path(), Some(plan(true))));
    let wanted = expected(&[("", (1, 0)), ("GG", (1, 0)), ("JE", (2, 0))]);
    assert_eq!(counted(&books.store, account), wanted);
    books.prove();
    // Messages that were on their way are counted where they are by now.
    books.tell(delivered(OperatorNumber(1), b"1", JERSEY));
    assert_eq!(counted(&books.store, account)["JE"], (2, 1));
    books.prove();
    // The chain of commits goes on, so that what was noted of it elsewhere still holds.
    assert!(books.store.last_commit().unwrap().unwrap().number > last);
    books.close();
    verify(&Store::open_read_only(dir.path()).unwrap()).unwrap();

    // An anchor of version 4 is heeded: what it names is not lost unnoticed.
    let raw = Raw::open(broken_off.path());
    raw.put(Family::Sums, [0xFF], CommitRow::default().to_bytes());
    drop(raw);
    let refused = Store::open(with_plan(broken_off.path(), Some(plan(true))));
    assert!(matches!(refused, Err(OpenError::Anchor(_))), "{refused:?}");
}

/// A crash may come after any part of the count.
#[test]
fn a_count_by_countries_that_was_broken_off_begins_anew() {
    let (dir, account, _) = directory_of_version_4();
    for left in 0..3 {
        let copy = crash_image(dir.path());
        let raw = Raw::open(copy.path());
        for (key, _) in raw.rows(Family::Usage).into_iter().skip(left) {
            raw.delete(Family::Usage, key);
        }
        drop(raw);
        let store = Store::open(with_plan(copy.path(), Some(plan(true)))).unwrap();
        assert_eq!(counted(&store, account), expected(&[("", (1, 0)), ("GG", (1, 0)), ("JE", (2, 0))]));
        drop(store);
        verify(&Store::open_read_only(copy.path()).unwrap()).unwrap();
    }
}
