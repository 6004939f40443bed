//! From a submit to a debit.

use std::hint::black_box;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{self, Message, Payer};
use tollgate_engine::number::Number;
use tollgate_engine::segments;
use tollgate_engine::throttle::Throttle;
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
    let messages = messages(fixture);
    let (wallet, throttle) = (rich_wallet(ACCOUNT), Throttle::default());
    group.bench_function("charge", |bencher| {
        bencher.iter(|| {
            for message in &messages {
                let message = black_box(message);
                let (tables, terms) = (&fixture.tables, &fixture.terms);
                let payer = Payer { terms, throttle: &throttle, wallet: &wallet, above: &[] };
                let charged = charging::charge(tables, &payer, message, NOW, |_, _| Ok(()));
                black_box(charged.unwrap());
            }
        });
    });
}

fn messages(fixture: &Fixture) -> Vec<Message<'_>> {
    fixture.submits().iter().map(message).collect()
}
