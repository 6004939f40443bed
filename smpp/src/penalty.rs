//! Slows down guesses of passwords.
//!
//! Each failed bind counts against the address it came from and against the system_id it tried, and is
//! answered later than the one before: 100 ms, 200 ms and so on up to 5 s. Only failures wait. A correct
//! password never does, so that nobody can slow a customer down by failing in the customer's name or from
//! behind the same address translation. The clock is an argument and the number of culprits is bounded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::places::network;

/// The delays that follow failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PenaltyConfig {
    /// The delay of the first failure; each further one doubles it.
    pub delay_first: Duration,
    /// No delay is longer.
    pub delay_max: Duration,
    /// Every time this passes without a failure, one failure is forgotten.
    pub forget_after: Duration,
    /// Addresses and system_ids remembered at one time; beyond it the one that failed longest
    /// ago is forgotten.
    pub culprits_max: usize,
}

impl Default for PenaltyConfig {
    fn default() -> Self {
        Self {
            delay_first: Duration::from_millis(100),
            delay_max: Duration::from_secs(5),
            forget_after: Duration::from_mins(1),
            culprits_max: 10_000,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Culprit {
    Address(IpAddr),
    SystemId(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
struct Record {
    failures: u32,
    last_at: Instant,
}

/// Remembers who failed, how often and when.
#[derive(Debug)]
pub struct PenaltyBox {
    config: PenaltyConfig,
    records: HashMap<Culprit, Record>,
}

impl PenaltyBox {
    /// Nobody has failed yet.
    pub fn new(config: PenaltyConfig) -> Self {
        Self { config, records: HashMap::new() }
    }

    /// Counts a failed bind. Returns how long its answer is to wait.
    pub fn failure(&mut self, now: Instant, address: IpAddr, system_id: &[u8]) -> Duration {
        let by_address = self.count(now, Culprit::Address(network(address)));
        let by_system_id = self.count(now, Culprit::SystemId(system_id.to_vec()));
        let doublings = by_address.max(by_system_id).saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.config.delay_first.saturating_mul(factor).min(self.config.delay_max)
    }

    /// A bind with the right password: the system_id starts afresh. The address does not, because whoever
    /// owns one account may still be guessing at others.
    pub fn success(&mut self, system_id: &[u8]) {
        self.records.remove(&Culprit::SystemId(system_id.to_vec()));
    }

    /// The number of addresses and system_ids remembered.
    pub fn culprits(&self) -> usize {
        self.records.len()
    }

    /// The failures of `culprit`, with this one.
    fn count(&mut self, now: Instant, culprit: Culprit) -> u32 {
        if !self.records.contains_key(&culprit) {
            self.make_room(now);
        }
        let forget_after = self.config.forget_after;
        let record = self.records.entry(culprit).or_insert(Record { failures: 0, last_at: now });
        record.failures = record.remembered(now, forget_after).saturating_add(1);
        record.last_at = now;
        record.failures
    }

    fn make_room(&mut self, now: Instant) {
        if self.records.len() < self.config.culprits_max {
            return;
        }
        let forget_after = self.config.forget_after;
        self.records.retain(|_, record| record.remembered(now, forget_after) > 0);
        if self.records.len() >= self.config.culprits_max {
            let oldest = self.records.iter().min_by_key(|(_, record)| record.last_at);
            if let Some(oldest) = oldest.map(|(culprit, _)| culprit.clone()) {
                self.records.remove(&oldest);
            }
        }
    }
}

impl Record {
    fn remembered(&self, now: Instant, forget_after: Duration) -> u32 {
        let elapsed = now.saturating_duration_since(self.last_at).as_nanos();
        let forgotten = elapsed.checked_div(forget_after.as_nanos()).unwrap_or(u128::MAX);
        self.failures.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn penalties(culprits_max: usize) -> (PenaltyBox, Instant) {
        (PenaltyBox::new(PenaltyConfig { culprits_max, ..PenaltyConfig::default() }), Instant::now())
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn delays_double_up_to_the_most() {
        let (mut penalties, now) = penalties(10);
        let delays: Vec<u128> =
            (0..8).map(|_| penalties.failure(now, address(1), b"a").as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn address_and_system_id_count_separately_and_the_worse_one_holds() {
        let (mut penalties, now) = penalties(10);
        penalties.failure(now, address(1), b"a");
        penalties.failure(now, address(2), b"a");
        assert_eq!(
            penalties.failure(now, address(3), b"a").as_millis(),
            400,
            "one system_id from everywhere"
        );
        assert_eq!(penalties.failure(now, address(3), b"b").as_millis(), 200, "one address for everyone");
        assert_eq!(penalties.failure(now, address(4), b"c").as_millis(), 100);
    }

    #[test]
    fn one_failure_is_forgotten_a_minute() {
        let (mut penalties, now) = penalties(10);
        for _ in 0..3 {
            penalties.failure(now, address(1), b"a");
        }
        let later = now + 120 * SECOND;
        assert_eq!(penalties.failure(later, address(1), b"a").as_millis(), 200, "one of three is left");
        assert_eq!(penalties.failure(later + 3600 * SECOND, address(1), b"a").as_millis(), 100);
    }

    #[test]
    fn success_clears_the_system_id_only() {
        let (mut penalties, now) = penalties(10);
        penalties.failure(now, address(1), b"a");
        penalties.failure(now, address(1), b"a");
        penalties.success(b"a");
        assert_eq!(penalties.failure(now, address(2), b"a").as_millis(), 100);
        assert_eq!(penalties.failure(now, address(1), b"b").as_millis(), 400);
    }

    #[test]
    fn the_number_of_culprits_is_bounded_and_the_oldest_gives_way() {
        let (mut penalties, now) = penalties(4);
        for last in 0..=255_u8 {
            penalties.failure(now + u32::from(last) * Duration::from_millis(1), address(last), &[last]);
            assert!(penalties.culprits() <= 4);
        }
        let after = now + SECOND;
        assert_eq!(penalties.failure(after, address(255), b"x").as_millis(), 200, "the newest is remembered");
        assert_eq!(penalties.failure(after, address(0), b"y").as_millis(), 100, "the oldest is not");
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let (mut penalties, now) = penalties(10);
        penalties.failure(now, "2001:db8::1".parse().unwrap(), b"a");
        assert_eq!(penalties.failure(now, "2001:db8::ffff:2".parse().unwrap(), b"b").as_millis(), 200);
        assert_eq!(penalties.failure(now, "2001:db8:0:1::1".parse().unwrap(), b"c").as_millis(), 100);
    }
}
