//! From a submit to a debit.

use std::hint::black_box;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::charging::{self, Level, Message, Payer};
use tollgate_engine::money::Amount;
use tollgate_engine::number::Number;
use tollgate_engine::segments;
use tollgate_engine::throttle::Throttle;
use tollgate_engine::traffic::TrafficScope;
use tollgate_engine::wallet::Wallet;

use super::fixture::{Fixture, NOW, message, rich_wallet};

const ACCOUNT: AccountNumber = AccountNumber(1);

/// The destination as submitted, to a number, to its network.
pub fn numbering(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let messages = messages(fixture);
    group.bench_function("numbering", |bencher| {
        bencher.iter(|| {
            for message in &messages {
                let (ton, npi) = (message.destination_ton, message.destination_npi);
                let number = Number::normalise(black_box(message.destination), ton, npi, None).unwrap();
                black_box(fixture.tables.network_of(&number));
            }
        });
    });
}

pub fn segments(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let messages = messages(fixture);
    let coding = fixture.terms.account.default_coding;
    group.bench_function("segments", |bencher| {
        bencher.iter(|| {
            for message in &messages {
                black_box(segments::count(black_box(&message.body), coding)).unwrap();
            }
        });
    });
}

/// The rate of the network, and the tier of the month's next segments.
pub fn price(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let terms = &fixture.terms;
    group.bench_function("price", |bencher| {
        bencher.iter(|| {
            for (counted, rated) in (4_500..).zip(&fixture.rated) {
                let unit = terms.unit_price(black_box(rated.network), NOW).unwrap();
                black_box(terms.plan.plan.price(unit, counted, u32::from(rated.segments)).unwrap());
            }
        });
    });
}

/// Price and wallet together, as they are under the wallet's lock.
pub fn debit(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let wallet = rich_wallet(ACCOUNT);
    group.bench_function("debit", |bencher| {
        bencher.iter(|| {
            for rated in &fixture.rated {
                let leg = charging::leg(&fixture.terms, &wallet, black_box(rated));
                black_box(Wallet::debit(&leg).unwrap());
            }
        });
    });
}

pub fn charge(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let (wallet, throttle) = (rich_wallet(ACCOUNT), Throttle::default());
    let payer = Payer { terms: &fixture.terms, throttle: &throttle, wallet: &wallet, above: &[] };
    charge_as(group, "charge", fixture, &payer);
}

/// The same where two resellers above pay as well.
pub fn charge_chain(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let wallets = [1, 2, 3].map(|number| rich_wallet(AccountNumber(number)));
    let [own, parent, top] = &wallets;
    let above = [parent, top].map(|wallet| Level { terms: &fixture.terms, wallet });
    let (terms, throttle) = (&*fixture.terms, Throttle::default());
    charge_as(
        group,
        "charge_chain",
        fixture,
        &Payer { terms, throttle: &throttle, wallet: own, above: &above },
    );
}

/// The same where the account has three caps.
pub fn charge_capped(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let mut account = fixture.terms.account.clone();
    account.caps = [SpanUnit::Hour, SpanUnit::Day, SpanUnit::Month].map(cap).to_vec();
    let terms = fixture.tables.terms_for(account).unwrap();
    let (wallet, throttle) = (rich_wallet(ACCOUNT), Throttle::default());
    let payer = Payer { terms: &terms, throttle: &throttle, wallet: &wallet, above: &[] };
    charge_as(group, "charge_capped", fixture, &payer);
}

fn charge_as(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, fixture: &Fixture, payer: &Payer<'_>) {
    let messages = messages(fixture);
    let mut spare = None;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for message in &messages {
                let (message, last) = (black_box(message), spare.take());
                let charged =
                    charging::charge(&fixture.tables, payer, message, NOW.into(), last, |_, _| Ok(()));
                spare = black_box(charged.unwrap()).0.beside;
            }
        });
    });
}

fn cap(span: SpanUnit) -> Cap {
    Cap {
        id: CapId::new("spending", span),
        scope: TrafficScope::All,
        max_amount: Some(Amount::MAX),
        max_messages: Some(u64::MAX),
        is_hard: true,
        gives_back: true,
    }
}

fn messages(fixture: &Fixture) -> Vec<Message<'_>> {
    fixture.submits().iter().map(message).collect()
}
