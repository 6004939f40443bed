//! Usage counters, rule by rule.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, DeliveryEvent};
use tollgate_storage::message::QueuedRow;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::schema::{Family, USAGE_CHECKED_KEY, USAGE_COUNTED_KEY, first_id_at};
use tollgate_storage::store::Store;
use tollgate_storage::usage::{ALL_ACCOUNTS, QUARTER_MICROS, Quarter, UsageKey, UsageOf};
use tollgate_storage::verify::verify;

use crate::support::routed::{RoutedBooks, acceptance, accepted, failed, receipt};
use crate::support::{Books, Fate, Message, Raw, Route, Script, SetClock, crash_image, wait_until};

const ALWAYS: std::ops::Range<Quarter> = Quarter(0)..Quarter(u32::MAX);

fn micros(micros: i64) -> Amount {
    Amount::from_micros(micros)
}

fn network(mcc: &str, mnc: &str) -> NetworkCode {
    NetworkCode::new(mcc, mnc).unwrap()
}

/// The network of every message that says nothing else.
fn usual() -> UsageOf {
    UsageOf::Network(network("639", "02"), None)
}

fn euros(amount: i64) -> BTreeMap<Currency, Total> {
    BTreeMap::from([(Currency::new("EUR").unwrap(), micros(amount).into())])
}

fn rows(books: &Books, account: AccountNumber) -> Vec<(UsageKey, UsageRow)> {
    let mut rows = Vec::new();
    let visit = |key: &UsageKey, row: &UsageRow| {
        rows.push((*key, row.clone()));
        true
    };
    books.store.usage().of_account(account, ALWAYS, visit).unwrap();
    rows
}

/// The rows of the only quarter that the messages are in.
fn of(routed: &RoutedBooks, account: AccountNumber) -> BTreeMap<UsageOf, UsageRow> {
    let rows = rows(&routed.books, account);
    assert!(rows.iter().all(|(key, _)| key.account == account && key.quarter == Quarter(0)));
    rows.into_iter().map(|(key, row)| (key.of, row)).collect()
}

fn by(operator: OperatorNumber) -> UsageOf {
    UsageOf::Operator(operator)
}

/// One message of one segment at 0.05.
fn charged() -> UsageRow {
    UsageRow { messages: 1, segments: 1, charged: micros(50_000).into(), ..UsageRow::default() }
}

/// The same once an operator of the tests has it.
fn taken() -> UsageRow {
    UsageRow { submitted: 1, cost_operators: micros(33_000).into(), ..charged() }
}

/// As its operator counts it over all accounts.
fn over_all(row: &UsageRow, costs: BTreeMap<Currency, Total>) -> UsageRow {
    UsageRow {
        charged: Total::ZERO,
        refunded: Total::ZERO,
        cost_operators: Total::ZERO,
        costs,
        ..row.clone()
    }
}

#[test]
fn charges_count_by_account_quarter_and_network() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [a, b] = books.provision(&["a", "b"], 100)[..] else { panic!("two accounts") };
    let charge = |account, at: u64, messages: &[(NetworkCode, u8)]| {
        let mut session = books.session(account);
        let mut chunk = session.chunk_with(UnixMicros(at), false);
        for (network, segments) in messages {
            let message = Message { network: *network, segments: *segments, ..Message::default() };
            session.charge(&mut chunk, &message).unwrap();
        }
        books.committer.try_charge(chunk).unwrap();
        session.first_id();
    };
    let (here, there) = (network("310", ""), network("639", "02"));
    charge(a, 5, &[(there, 1), (here, 2), (there, 3)]);
    charge(a, QUARTER_MICROS - 1, &[(there, 1)]);
    charge(a, QUARTER_MICROS, &[(here, 1)]);
    charge(b, 5, &[(there, 1)]);
    let key = |account, quarter, network| UsageKey {
        account,
        quarter: Quarter(quarter),
        of: UsageOf::Network(network, None),
    };
    let row = |messages, segments: u64| UsageRow {
        messages,
        segments,
        charged: micros(50_000 * i64::try_from(segments).unwrap()).into(),
        ..UsageRow::default()
    };
    let expected =
        [(key(a, 0, here), row(1, 2)), (key(a, 0, there), row(3, 5)), (key(a, 1, here), row(1, 1))];
    assert_eq!(rows(&books, a), expected);
    assert_eq!(rows(&books, b), [(key(b, 0, there), row(1, 1))]);
    books.prove();
    books.close();
    let books = Books::open(dir.path());
    assert_eq!(books.prove().usage_rows, 4);
    books.close();
}

/// The rows on disk, and the first id whose charge is not in them.
fn on_disk(path: &std::path::Path) -> (usize, u64) {
    let raw = Raw::open(path);
    let counted = raw.rows(Family::Meta).into_iter().find(|(key, _)| key == USAGE_COUNTED_KEY);
    let counted = counted.map_or(0, |(_, value)| u64::from_be_bytes(value.try_into().unwrap()));
    (raw.rows(Family::Usage).len(), counted)
}

#[test]
fn charges_are_seen_at_once_and_are_in_the_rows_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    let mut last = 0;
    for round in 1..=3_u64 {
        let account = books.provision(&["a"], 100)[0];
        let mut session = books.session(account);
        for _ in 0..20 {
            books.committer.try_charge(session.chunk_of(3)).unwrap();
            session.first_id();
        }
        drop(session);
        let seen = |books: &Books| rows(books, account).iter().map(|(_, row)| row.messages).sum::<u64>();
        assert_eq!(seen(&books), 60 * round, "whoever looks sees what is charged");
        books.prove();
        // A crash at any moment leaves books that say the same.
        let image = crash_image(dir.path());
        let after_crash = Books::open(image.path());
        assert_eq!(seen(&after_crash), 60 * round);
        after_crash.prove();
        after_crash.close();
        books.close();
        let (kept, counted) = on_disk(dir.path());
        assert!(kept > 0 && counted > last, "{kept} rows, counted up to {counted}");
        assert_eq!(on_disk(image.path()).0, kept, "the next start has made up for it");
        last = counted;
        books = Books::open(dir.path());
        assert_eq!(seen(&books), 60 * round);
    }
    books.close();
}

#[test]
fn no_id_is_given_that_counts_as_counted() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 100)[0];
    books.close();
    // As after a clock that was set back: ids that were given up were counted over.
    let ahead = id_of_in_an_hour();
    let raw = Raw::open(dir.path());
    raw.put(Family::Meta, USAGE_COUNTED_KEY, ahead.to_be_bytes());
    raw.resum();
    drop(raw);
    let books = Books::open(dir.path());
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(4)).unwrap();
    assert!(session.first_id() >= ahead);
    books.prove();
    drop(session);
    books.close();
    let books = Books::open(dir.path());
    books.prove();
    books.close();
}

/// The messages of an account's usage.
fn messages_counted(books: &Books, account: AccountNumber) -> u64 {
    rows(books, account).iter().map(|(_, row)| row.messages).sum()
}

#[test]
fn usage_counts_on_with_a_clock_that_went_back_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = SetClock::new();
    let mut account = None;
    for round in 1..=3_u64 {
        let books = Books::open_under(dir.path(), &clock);
        let account = *account.get_or_insert_with(|| books.provision(&["a"], 100)[0]);
        clock.step_seconds(5);
        let mut session = books.session(account);
        books.committer.try_charge(session.chunk_of(3)).unwrap();
        session.first_id();
        drop(session);
        // A commit without ids, some seconds later, as when a health sample or an account is written.
        clock.step_seconds(5);
        books.provision(&["a"], 100);
        assert_eq!(messages_counted(&books, account), 3 * round);
        books.prove();
        books.close();
        clock.step_seconds(-9);
    }
    let books = Books::open_under(dir.path(), &clock);
    assert_eq!(messages_counted(&books, account.unwrap()), 9);
    books.prove();
    books.close();
}

#[test]
fn usage_that_an_earlier_version_did_not_count_is_counted_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let account = books.provision(&["a"], 100)[0];
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(3)).unwrap();
    session.first_id();
    drop(session);
    books.close();
    // What is charged from here on is behind what counts as counted, as after the restarts of an earlier version.
    let (counted, rows_before) = {
        let raw = Raw::open(dir.path());
        (raw.get(Family::Meta, USAGE_COUNTED_KEY), raw.rows(Family::Usage))
    };
    let books = Books::open(dir.path());
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(6)).unwrap();
    let last = session.first_id();
    drop(session);
    books.close();
    let raw = Raw::open(dir.path());
    assert!(u64::from_be_bytes(counted.try_into().unwrap()) <= last);
    for (key, _) in raw.rows(Family::Usage) {
        raw.delete(Family::Usage, key);
    }
    for (key, value) in &rows_before {
        raw.put(Family::Usage, key, value);
    }
    drop(raw);
    let store = Store::open_read_only(dir.path()).unwrap();
    assert!(verify(&store).is_err(), "six messages are missing");
    drop(store);

    let raw = Raw::open(dir.path());
    raw.delete(Family::Meta, USAGE_CHECKED_KEY);
    raw.resum();
    drop(raw);
    let books = Books::open(dir.path());
    assert_eq!(messages_counted(&books, account), 9);
    books.prove();
    books.close();
    // It is done once.
    assert_eq!(Raw::open(dir.path()).get(Family::Meta, USAGE_CHECKED_KEY), b"");
}

/// An id of an hour from now.
fn id_of_in_an_hour() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let in_an_hour = now + std::time::Duration::from_hours(1);
    first_id_at(UnixMicros(u64::try_from(in_an_hour.as_micros()).unwrap()))
}

#[test]
fn reads_are_of_the_quarters_asked_for_and_end_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let accounts = books.provision(&["a", "b"], 100);
    for account in &accounts {
        let mut session = books.session(*account);
        for quarter in 0..6 {
            let mut chunk = session.chunk_with(UnixMicros(quarter * QUARTER_MICROS), false);
            session.charge(&mut chunk, &Message::default()).unwrap();
            books.committer.try_charge(chunk).unwrap();
            session.first_id();
        }
    }
    let read = |from, to, most| {
        let mut found = Vec::new();
        let visit = |key: &UsageKey, _: &UsageRow| {
            assert_eq!(key.account, accounts[0]);
            found.push(key.quarter.0);
            found.len() < most
        };
        books.store.usage().of_account(accounts[0], Quarter(from)..Quarter(to), visit).unwrap();
        found
    };
    assert_eq!(read(2, 4, 9), [2, 3]);
    assert_eq!(read(4, u32::MAX, 9), [4, 5]);
    assert_eq!(read(0, 6, 2), [0, 1]);
    assert!(read(6, 9, 9).is_empty() && read(3, 3, 9).is_empty() && read(4, 2, 9).is_empty());
    books.close();
}

#[test]
fn a_message_is_counted_by_whoever_has_it() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    assert_eq!(of(&routed, routed.account), BTreeMap::from([(usual(), charged())]));
    assert!(of(&routed, ALL_ACCOUNTS).is_empty(), "nobody has it");
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    assert_eq!(
        of(&routed, routed.account),
        BTreeMap::from([(usual(), taken()), (by(routed.alpha), taken())])
    );
    assert_eq!(
        of(&routed, ALL_ACCOUNTS),
        BTreeMap::from([(by(routed.alpha), over_all(&taken(), euros(30_000)))])
    );
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    let delivered = UsageRow { delivered: 1, ..taken() };
    assert_eq!(of(&routed, routed.account)[&usual()], delivered);
    assert_eq!(of(&routed, routed.account)[&by(routed.alpha)], delivered);
    assert_eq!(of(&routed, ALL_ACCOUNTS)[&by(routed.alpha)], over_all(&delivered, euros(30_000)));
    assert_eq!((taken().pending(), delivered.pending()), (1, 0));
    assert_eq!(routed.books.prove().usage_rows, 3);
    routed.close();
}

#[test]
fn what_is_given_back_is_counted_as_that() {
    let routed = RoutedBooks::open();
    let waiting = routed.send_plain();
    routed.books.cancel(routed.account, waiting.key.message_id).unwrap();
    let given_back = UsageRow { segments: 0, refunded: micros(50_000).into(), ..charged() };
    let cancelled = UsageRow { cancelled: 1, ..given_back.clone() };
    assert_eq!(of(&routed, routed.account), BTreeMap::from([(usual(), cancelled.clone())]));

    let refund_on = RefundOn::of(&[Outcome::Undelivered]);
    let terms = SettlementTerms { refund_on, ..SettlementTerms::default() };
    let route = Some(Route { terms, ..Route::to(routed.alpha) });
    let row = routed.send(&Message { route, ..Message::default() });
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable));
    let failed = UsageRow { submitted: 1, failed: 1, cost_operators: micros(33_000).into(), ..given_back };
    let mut both = cancelled;
    both.add(&failed);
    assert_eq!(of(&routed, routed.account), BTreeMap::from([(usual(), both), (by(routed.alpha), failed)]));
    routed.books.prove();
    routed.close();
}

#[test]
fn whoever_refuses_a_message_last_counts_its_failure() {
    let routed = RoutedBooks::open();
    let [refused, unoffered] = [routed.send_plain(), routed.send_plain()];
    let DeliveryEvent::Failed { key, row, outcome, error, attempts, tried, .. } =
        failed(&refused, Outcome::Rejected)
    else {
        panic!("a failure")
    };
    let operator = Some(routed.beta);
    routed.books.tell(DeliveryEvent::Failed { key, row, outcome, error, operator, attempts, tried });
    routed.books.tell(failed(&unoffered, Outcome::Expired));
    // The plan gives both back.
    let refused = UsageRow { failed: 1, segments: 0, refunded: micros(50_000).into(), ..charged() };
    let mut both = refused.clone();
    both.add(&refused);
    assert_eq!(
        of(&routed, routed.account),
        BTreeMap::from([(usual(), both), (by(routed.beta), refused.clone())])
    );
    let over_all = over_all(&refused, BTreeMap::new());
    assert_eq!(of(&routed, ALL_ACCOUNTS), BTreeMap::from([(by(routed.beta), over_all)]));
    routed.books.prove();
    routed.close();
}

#[test]
fn what_was_taken_for_good_is_unconfirmed() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(DeliveryEvent::Accepted(Acceptance {
        final_now: true,
        ..acceptance(&row, routed.alpha, b"1")
    }));
    let unconfirmed = UsageRow { unconfirmed: 1, ..taken() };
    assert_eq!(
        of(&routed, routed.account),
        BTreeMap::from([(usual(), unconfirmed.clone()), (by(routed.alpha), unconfirmed)])
    );
    routed.books.prove();
    routed.close();
}

/// A message that is taken a second time is the second operator's, with all that it costs.
#[test]
fn a_message_moves_to_whoever_takes_it_again() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    routed.books.tell(accepted(&row, routed.beta, b"2"));
    let twice = UsageRow { cost_operators: micros(66_000).into(), ..taken() };
    assert_eq!(
        of(&routed, routed.account),
        BTreeMap::from([(usual(), twice.clone()), (by(routed.beta), twice.clone())]),
        "alpha's row counts nothing, and is not there"
    );
    assert_eq!(
        of(&routed, ALL_ACCOUNTS),
        BTreeMap::from([(by(routed.beta), over_all(&twice, euros(60_000)))])
    );
    routed.books.prove();
    // The first one's receipt still settles it, and makes it the first one's again.
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    let delivered = UsageRow { delivered: 1, ..twice };
    assert_eq!(of(&routed, routed.account)[&by(routed.alpha)], delivered);
    assert_eq!(of(&routed, routed.account).len(), 2);
    routed.books.prove();
    routed.close();
}

/// Everything in one commit: what an event finds is what those before it have left.
#[test]
fn a_commit_counts_all_of_its_events() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.tell_all(vec![
        accepted(&row, routed.alpha, b"1"),
        accepted(&row, routed.beta, b"2"),
        receipt(routed.beta, &[b"2"], ReceiptState::Undeliverable),
    ]);
    let failed = UsageRow { failed: 1, cost_operators: micros(66_000).into(), ..taken() };
    assert_eq!(
        of(&routed, routed.account),
        BTreeMap::from([(usual(), failed.clone()), (by(routed.beta), failed.clone())])
    );
    routed.books.prove();
    routed.close();
}

fn read_operator(books: &Books, operator: OperatorNumber) -> Vec<(Quarter, UsageRow)> {
    let mut rows = Vec::new();
    let visit = |quarter, row: &UsageRow| {
        rows.push((quarter, row.clone()));
        true
    };
    books.store.usage().of_operator(operator, ALWAYS, visit).unwrap();
    rows
}

/// Charges a message of this account to `operator`, and has it accepted at this cost.
fn take(books: &Books, account: AccountNumber, operator: OperatorNumber, id: &[u8], currency: &str) {
    let mut session = books.session(account);
    let mut chunk = session.chunk();
    session.charge(&mut chunk, &Message { route: Some(Route::to(operator)), ..Message::default() }).unwrap();
    books.committer.try_charge(chunk).unwrap();
    session.first_id();
    let row: QueuedRow = books.recorder.take().queued.remove(0);
    let cost_currency = Currency::new(currency).unwrap();
    let acceptance = Acceptance { cost_currency, ..acceptance(&row, operator, id) };
    books.tell(DeliveryEvent::Accepted(acceptance));
}

#[test]
fn operators_are_counted_over_all_accounts_each_currency_for_itself() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let accounts = books.provision(&["a", "b"], 100);
    let operators = books.provision_operators(&["alpha", "beta"]);
    take(&books, accounts[0], operators[0], b"1", "EUR");
    take(&books, accounts[1], operators[0], b"2", "EUR");
    take(&books, accounts[1], operators[0], b"3", "GBP");
    take(&books, accounts[1], operators[1], b"4", "EUR");
    let costs = [("EUR", 60_000), ("GBP", 30_000)];
    let costs = costs.map(|(code, cost)| (Currency::new(code).unwrap(), micros(cost).into()));
    let alpha =
        UsageRow { messages: 3, segments: 3, submitted: 3, costs: costs.into(), ..UsageRow::default() };
    assert_eq!(read_operator(&books, operators[0]), [(Quarter(0), alpha)]);
    assert_eq!(read_operator(&books, operators[1]), [(Quarter(0), over_all(&taken(), euros(30_000)))]);
    assert_eq!(books.prove().usage_rows, 7);
    books.close();
}

/// Nothing is kept in memory but what the disk says: counters go on from there after a restart and after a failed write.
#[test]
fn counters_go_on_from_what_is_on_disk() {
    let routed = RoutedBooks::open();
    routed.charge(&Message::default());
    let script = Script::default();
    let routed = routed.reopen_with(|store| script.journal(store));
    let charge = || {
        let mut session = routed.books.session(routed.account);
        routed.books.committer.try_charge(session.chunk_of(1)).unwrap();
        session.outcome();
        wait_until(|| routed.books.committer.is_available());
        routed.books.prove();
        of(&routed, routed.account)[&usual()].messages
    };
    assert_eq!(charge(), 2);
    script.then([Fate::Full]);
    assert_eq!(charge(), 2);
    script.then([Fate::LostInDoubt]);
    assert_eq!(charge(), 2);
    script.then([Fate::WrittenInDoubt]);
    assert_eq!(charge(), 3);
    // In doubt for longer than clients are kept waiting.
    script.then([Fate::WrittenInDoubt]);
    script.fail_recoveries(30);
    assert_eq!(charge(), 4);
    assert_eq!(charge(), 5);
    routed.close();
}
