//! Gateways, and what they submit.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::random::Random;
use crate::{Addresses, Message, MessageKey};

/// The networks that messages go to.
pub const NETWORKS: [(&str, &str); 2] = [("639", "02"), ("641", "10")];

/// The code of a network.
pub fn network((mcc, mnc): (&str, &str)) -> NetworkCode {
    NetworkCode::new(mcc, mnc).unwrap()
}

/// The messages of one world.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Destinations that there are.
    pub destinations: u64,
    /// Share of the most urgent class in percent.
    pub urgent: u64,
    /// True if nothing is scheduled, and nothing expires.
    pub is_plain: bool,
}

/// A new message.
pub fn message(id: u64, date: UnixMicros, operators: u64, traffic: Traffic, random: &mut Random) -> Message {
    let account = u32::try_from(random.range(1, 4)).unwrap();
    let number = random.range(0, traffic.destinations);
    let destination = format!("2547000{number:05}");
    let class = if random.percent(traffic.urgent) { 0 } else { u8::try_from(random.range(0, 4)).unwrap() };
    let seconds =
        |random: &mut Random, most: u64| UnixMicros(date.0 + random.range(100_000, most * 1_000_000));
    let scheduled_at = (!traffic.is_plain && random.percent(15)).then(|| seconds(random, 6));
    let expires_at = (!traffic.is_plain && random.percent(20)).then(|| seconds(random, 12));
    let expires_at = expires_at.filter(|at| scheduled_at.is_none_or(|scheduled| scheduled < *at));
    let octets = if random.one_in(20) { 9_000 } else { 40 };
    Message {
        key: MessageKey {
            first_choice: OperatorNumber(u16::try_from(random.range(1, operators + 1)).unwrap()),
            class,
            id,
        },
        account: AccountNumber(account),
        account_id: Arc::from(format!("account_{account}")),
        network: network(NETWORKS[usize::try_from(number % 2).unwrap()]),
        addresses: Addresses::new(destination.as_bytes(), if random.one_in(2) { b"Shop" } else { b"Bank" }),
        data_coding: 0,
        segments: 1,
        price: Amount::from_micros(20_000),
        currency: Currency::new("EUR").unwrap(),
        spread: random.next(),
        long_message: random.one_in(6).then(|| number + 100 * u64::from(account)),
        submitted_at: date,
        scheduled_at,
        expires_at,
        wants_receipt: random.percent(50),
        row: vec![u8::try_from(id % 250).unwrap(); octets].into(),
    }
}
