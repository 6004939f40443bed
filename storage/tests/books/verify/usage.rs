//! Usage counters that are off.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_storage::rows::{Row, UsageRow};
use tollgate_storage::schema::{Family, usage_key};
use tollgate_storage::usage::{ALL_ACCOUNTS, Quarter, UsageKey, UsageOf};

use super::delivery::Sent;
use super::{A, B, Sound, cents, edit};

fn key(account: AccountNumber, quarter: u32, of: UsageOf) -> Vec<u8> {
    usage_key(&UsageKey { account, quarter: Quarter(quarter), of })
}

fn network() -> UsageOf {
    UsageOf::Network(NetworkCode::new("639", "02").unwrap(), None)
}

#[test]
fn every_counter_is_compared() {
    let sent = Sent::new();
    let changes: [fn(&mut UsageRow); 10] = [
        |row| row.messages += 1,
        |row| row.segments -= 1,
        |row| row.charged = cents(1).into(),
        |row| row.refunded = Amount::ZERO.into(),
        |row| row.submitted = 0,
        |row| row.delivered += 1,
        |row| row.failed += 1,
        |row| row.cancelled = 0,
        |row| row.unconfirmed = 0,
        |row| row.cost_operators = cents(1).into(),
    ];
    for change in changes {
        sent.expect("usage of account 1 from 1970-01-01T00:00:00Z on, network", |raw| {
            edit(raw, Family::Usage, key(A, 0, network()), change);
        });
    }
    let second = UsageOf::Operator(OperatorNumber(2));
    sent.expect("usage of account 1 from 1970-01-01T00:00:00Z on, operator 2: kept", |raw| {
        edit(raw, Family::Usage, key(A, 0, second), |row: &mut UsageRow| row.messages = 0);
    });
    sent.expect("usage of all accounts from 1970-01-01T00:00:00Z on, operator 2: kept", |raw| {
        edit(raw, Family::Usage, key(ALL_ACCOUNTS, 0, second), |row: &mut UsageRow| {
            row.costs.insert(Currency::new("EUR").unwrap(), cents(1).into());
        });
    });
}

#[test]
fn rows_that_count_nothing_are_named_wherever_they_stand() {
    let sound = Sound::new();
    let stray = UsageRow { messages: 1, ..UsageRow::default() };
    // In front of, among, between and behind those of accounts that have messages.
    for (account, quarter) in [(ALL_ACCOUNTS, 0), (A, 0), (A, 9), (B, 9), (AccountNumber(9), 0)] {
        for row in [&stray, &UsageRow::default()] {
            sound.expect(", operator 7: kept", |raw| {
                let of = UsageOf::Operator(OperatorNumber(7));
                raw.put(Family::Usage, key(account, quarter, of), row.to_bytes());
            });
        }
    }
}

#[test]
fn missing_rows_are_named() {
    let sound = Sound::new();
    for account in [A, B] {
        let expected = format!(
            "usage of account {} from 1970-01-01T00:00:00Z on, network 639/02: nothing kept",
            account.0
        );
        sound.expect(&expected, |raw| raw.delete(Family::Usage, key(account, 0, network())));
    }
    let sent = Sent::new();
    sent.expect("usage of all accounts from 1970-01-01T00:00:00Z on, operator 2: nothing kept", |raw| {
        raw.delete(Family::Usage, key(ALL_ACCOUNTS, 0, UsageOf::Operator(OperatorNumber(2))));
    });
}
