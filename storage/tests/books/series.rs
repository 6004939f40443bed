//! Time series: what readers see is what a scan of messages and their states comes to, whatever is in rows, in open cells, or in
//! neither yet.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::countries::CountryTable;
use tollgate_storage::delivery::DeliveryEvent;
use tollgate_storage::latencies::Latencies;
use tollgate_storage::rows::{MessageState, RefusalsNotKept, RefusalsRow, RefusedMessage, SeriesRow};
use tollgate_storage::schema::{
    ACCOUNT_PLAN_PREFIX, Family, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SERIES, SERIES_KEPT_KEY,
};
use tollgate_storage::series::{Dimension, Minute, SeriesKey, SeriesOf, Step};
use tollgate_storage::store::{Accounts, SeriesInstant, SeriesRead, Store, Unavailable};
use tollgate_storage::verify::verify;

use crate::support::routed::{RoutedBooks, accepted, failed, receipt};
use crate::support::{Message, Raw, Route, cases, crash_image};

const NUMBERS: [(&str, Option<&str>); 3] =
    [("447781100001", Some("GG")), ("447700300123", Some("JE")), ("254722000001", None)];
const MINUTE: u64 = 60_000_000;

/// Everything that readers see.
pub fn told(store: &Store) -> BTreeMap<SeriesKey, SeriesRow> {
    store.series().at_one_instant(told_at).unwrap()
}

fn told_at(instant: &SeriesInstant<'_>) -> Result<BTreeMap<SeriesKey, SeriesRow>, Unavailable> {
    let mut told = BTreeMap::<SeriesKey, SeriesRow>::new();
    for step in Step::ALL {
        let dimensions = Dimension::ALL.to_vec();
        let asked = SeriesRead { step, spans: 0..u32::MAX, dimensions, accounts: Accounts::All };
        let visit = |at, of: &SeriesOf, row: &SeriesRow| {
            told.entry(SeriesKey { step, at, of: of.clone() }).or_default().add(row);
        };
        instant.read(&asked, visit)?;
    }
    told.retain(|_, row| !row.is_empty());
    Ok(told)
}

/// A message as the test has sent it.
#[derive(Clone, Debug)]
struct Sent {
    id: u64,
    minute: u64,
    network: NetworkCode,
    country: Option<&'static str>,
    segments: u8,
    amount: Amount,
}

/// The series as a scan of messages and their states has them.
fn scanned(store: &Store, account: AccountNumber, sent: &[Sent]) -> BTreeMap<SeriesKey, SeriesRow> {
    let mut rows = BTreeMap::<SeriesKey, SeriesRow>::new();
    let (euro, dollar) = (Currency::new("EUR").unwrap(), Currency::new("USD").unwrap());
    for message in sent {
        let state = store.messages().state(account, message.id).unwrap().unwrap_or_default();
        let country = message.country.and_then(CountryCode::new);
        let mut parts = vec![
            SeriesOf::Country(country),
            SeriesOf::Network(message.network),
            SeriesOf::Plan("starter".into()),
            SeriesOf::Account(account),
            SeriesOf::AccountNetwork(account, message.network),
            SeriesOf::AccountCountry(account, country),
        ];
        if state.operator != OperatorNumber::default() {
            parts.push(SeriesOf::Operator(state.operator));
        }
        let minute = u32::try_from(message.minute).unwrap();
        for (step, at) in [(Step::Minute, minute), (Step::Hour, minute / 60), (Step::Day, minute / 1_440)] {
            for of in &parts {
                let row = rows.entry(SeriesKey { step, at, of: of.clone() }).or_default();
                row.messages += 1;
                row.segments += if state.is_refunded { 0 } else { i64::from(message.segments) };
                row.accepted += i64::from(state.accepted_at.is_some());
                row.delivered += i64::from(state.state == MessageState::Delivered);
                row.failed += i64::from(matches!(
                    state.state,
                    MessageState::Undeliverable | MessageState::Rejected | MessageState::Expired
                ));
                row.cancelled += i64::from(state.state == MessageState::Deleted);
                let charged = Total::from(message.amount);
                let money = row.money.entry(dollar).or_default();
                money.charged += charged;
                money.refunded += state.refunded;
                let converted = state.cost_in_account_currency.unwrap_or_default();
                money.converted_cost += converted;
                money.margin += charged.minus(state.refunded).minus(converted);
                if state.cost_currency.is_some() {
                    row.money.entry(euro).or_default().cost += state.cost;
                }
            }
        }
    }
    rows
}

/// Compares all but the durations, which depend on the clock.
fn assert_equal(routed: &RoutedBooks, sent: &[Sent]) {
    let mut told = told(&routed.books.store);
    let accepted: i64 = told.values().map(|row| row.accepted).sum();
    let timed: u64 = told.values().map(|row| row.acceptance.total()).sum();
    assert_eq!(i64::try_from(timed).unwrap(), accepted, "each acceptance took its time");
    for row in told.values_mut() {
        *row = SeriesRow { acceptance: Latencies::default(), delivery: Latencies::default(), ..row.clone() };
    }
    assert_eq!(told, scanned(&routed.books.store, routed.account, sent));
}

/// Numbers that look random and come again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn open() -> RoutedBooks {
    let routed = RoutedBooks::open();
    let rows = [("447781", "GG"), ("4477003", "JE")];
    let plan = CountryTable::of(rows.map(|(prefix, country)| (prefix.as_bytes(), country)));
    routed.books.hold_countries(&plan.into());
    routed
}

/// Sends a message and lets something become of it.
fn send(routed: &RoutedBooks, random: &mut Random) -> Sent {
    let (destination, country) = NUMBERS[random.below(3) as usize];
    let network = NetworkCode::new(["234", "639"][random.below(2) as usize], "02").unwrap();
    let (minute, segments) = (random.below(4_000), 1 + random.below(2) as u8);
    let operator = [routed.alpha, routed.beta][random.below(2) as usize];
    let route = (random.below(4) > 0).then(|| Route::to(operator));
    let message = Message { segments, network, destination, route, ..Message::default() };
    let mut session = routed.books.session(routed.account);
    let mut chunk = session.chunk_with(UnixMicros(minute * MINUTE + random.below(MINUTE)), false);
    let amount = session.charge(&mut chunk, &message).unwrap().amount;
    routed.books.committer.try_charge(chunk).unwrap();
    let id = session.first_id();
    let queued = routed.books.recorder.take().queued.into_iter().next();
    if let Some(row) = queued {
        let upstream = id.to_string();
        match random.below(5) {
            0 => {}
            1 => drop(routed.books.tell(failed(&row, Outcome::Rejected))),
            2 => routed.books.cancel(routed.account, id).unwrap(),
            next => {
                routed.books.tell(accepted(&row, operator, upstream.as_bytes()));
                let state = [ReceiptState::Delivered, ReceiptState::Undeliverable][next as usize - 3];
                let mut event = receipt(operator, &[upstream.as_bytes()], state);
                if let DeliveryEvent::Receipt { source, .. } = &mut event {
                    *source = destination.as_bytes().to_vec();
                }
                if random.below(3) > 0 {
                    routed.books.tell(event);
                }
            }
        }
    }
    Sent { id, minute, network, country, segments, amount }
}

#[test]
fn series_are_those_of_a_scan_over_restarts_and_crashes() {
    for seed in 0..u64::from(cases(4)) {
        let mut random = Random(seed);
        let mut routed = open();
        let mut sent = Vec::new();
        for round in 0..40 {
            sent.push(send(&routed, &mut random));
            if round % 8 == 7 {
                assert_equal(&routed, &sent);
                // What a crash leaves is whole, and so is what the next start makes of it.
                let image = crash_image(routed.dir.path());
                verify(&Store::open_read_only(image.path()).unwrap()).unwrap();
                routed = routed.reopen();
                assert_equal(&routed, &sent);
                routed.books.prove();
            }
        }
        routed.close();
    }
}

#[test]
fn a_directory_without_series_is_counted_when_it_is_opened() {
    let (mut random, routed) = (Random(7), open());
    let mut sent: Vec<_> = (0..12).map(|_| send(&routed, &mut random)).collect();
    let before = told(&routed.books.store);
    let RoutedBooks { dir, books, account, alpha, beta } = routed;
    books.close();
    let raw = Raw::open(dir.path());
    let is_new = |key: &[u8]| key.starts_with(ACCOUNT_PLAN_PREFIX) || key == SERIES_KEPT_KEY;
    for family in [Family::Series, Family::SeriesOpen, Family::Meta] {
        for (key, _) in raw.rows(family) {
            if family != Family::Meta || is_new(&key) {
                raw.delete(family, key);
            }
        }
    }
    raw.put(Family::Meta, SCHEMA_VERSION_KEY, SCHEMA_VERSION_WITHOUT_SERIES.to_be_bytes());
    // A count that was broken off leaves some of the rows.
    raw.put(Family::SeriesOpen, [0; 8], [0]);
    drop(raw);
    let books = crate::support::Books::open(dir.path());
    let mut routed = RoutedBooks { dir, books, account, alpha, beta };
    // Minutes and hours of 1970 are not kept any more.
    let days = |rows: BTreeMap<SeriesKey, SeriesRow>| {
        rows.into_iter().filter(|(key, _)| key.step == Step::Day).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(days(told(&routed.books.store)), days(before));
    for _ in 0..6 {
        sent.push(send(&routed, &mut random));
        routed = routed.reopen();
        let (told, scanned) = (told(&routed.books.store), scanned(&routed.books.store, account, &sent));
        let counts = |rows: BTreeMap<SeriesKey, SeriesRow>| -> Vec<_> {
            days(rows).into_iter().map(|(key, row)| (key, row.messages, row.delivered, row.money)).collect()
        };
        assert_eq!(counts(told), counts(scanned));
        routed.books.prove();
    }
    routed.close();
}

/// Two messages without a rate in the last minute of the first hour, and five throttled ones that are only counted, in the next.
fn refusals(account: AccountNumber) -> RefusalsRow {
    let message = RefusedMessage {
        account,
        at: Minute(59).starts_at(),
        reason: Refusal::NoRate,
        status: 0x0B,
        source: b"ACME".as_slice().into(),
        destination: b"254722000001".as_slice().into(),
        network: None,
        segments: 1,
        dispatch_id: None,
        idempotency_key: None,
        user_message_reference: None,
    };
    let not_kept = vec![RefusalsNotKept { account, reason: Refusal::Throttled, count: 5 }];
    RefusalsRow { at: Minute(60).starts_at(), messages: vec![message.clone(), message], not_kept }
}

#[test]
fn refusals_are_counted_by_account_and_reason() {
    let routed = RoutedBooks::open();
    for _ in 0..2 {
        routed.books.refuse(refusals(routed.account)).unwrap();
    }
    let routed = routed.reopen();
    routed.charge(&Message::default());
    let told = told(&routed.books.store);
    let messages = |step, at, of| told.get(&SeriesKey { step, at, of }).map_or(0, |row| row.messages);
    assert_eq!(messages(Step::Minute, 59, SeriesOf::Refusals(Refusal::NoRate)), 4);
    let of_account = SeriesOf::AccountRefusals(routed.account, Refusal::Throttled);
    assert_eq!(messages(Step::Hour, 1, of_account.clone()), 10);
    assert_eq!(messages(Step::Hour, 0, of_account.clone()), 0);
    assert_eq!(messages(Step::Day, 0, of_account), 10);
    routed.books.prove();
    routed.close();
}

#[test]
fn what_is_counted_during_an_answer_is_in_none_of_its_parts() {
    let routed = RoutedBooks::open();
    routed.charge(&Message::default());
    let count_more = || {
        routed.charge(&Message::default());
        routed.books.refuse(refusals(routed.account)).unwrap();
    };
    let [before, after] = routed
        .books
        .store
        .series()
        .at_one_instant(|instant| {
            let before = told_at(instant)?;
            count_more();
            Ok([before, told_at(instant)?])
        })
        .unwrap();
    assert!(!before.is_empty());
    assert_eq!(before, after);
    assert_ne!(told(&routed.books.store), after);
    routed.close();
}
