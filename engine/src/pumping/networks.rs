//! The networks that an account sends to: the share of each in the latest messages and before them, and what the account
//! usually pays.
//!
//! Shares go by messages and not by hours, so that a morning after a quiet night looks like the day before.

use std::collections::VecDeque;

use super::outcomes::Fall;
use super::sent::Sent;
use crate::network::NetworkCode;
use crate::time::UnixMicros;

/// The latest messages that shares are taken of.
pub const LATEST_MESSAGES: usize = 128;
/// Networks that are told apart; beyond them the one that had the fewest messages is forgotten.
const NETWORKS_MAX: usize = 64;
/// Messages after which all counts are halved.
const KEPT_MESSAGES: u32 = 4_096;
/// Messages of an account from which on one can say what is new for it.
const KNOWN_MESSAGES: u32 = 30;
/// A network is new up to this part of the messages, and its country up to ten times as much.
const NEW_PART: u32 = 50;
const NEW_COUNTRY_PART: u32 = 5;
/// The country of an account's customers has at least this share of its messages, in percent.
const HOME_PERCENT: u32 = 30;

/// The place of a network in an account's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Familiarity {
    /// The average price of a segment that the account sends elsewhere or sent before; zero where it is not known.
    pub usual_price: u64,
    /// The share of the network before the latest messages, in thousandths; `None` where little is known.
    pub share_before: Option<u16>,
    /// True if the account hardly ever sent to the network and its country.
    pub is_new: bool,
    /// True if much of the account's traffic goes to the network's country.
    pub is_home: bool,
}

/// The traffic to one network.
#[derive(Clone, Debug)]
struct Usage {
    code: NetworkCode,
    price: u64,
    /// Among the latest messages.
    latest: u32,
    before: u32,
    /// Messages of the account before the first one to the network.
    preceded_by: u32,
    fall: Fall,
}

/// A message among the latest.
#[derive(Clone, Copy, Debug)]
struct Latest {
    number: u64,
    /// Seconds, of which the lower 32 bits are enough.
    at_seconds: u32,
    usage: u8,
}

/// All networks of one account.
#[derive(Clone, Debug, Default)]
pub struct NetworkShares {
    usages: Vec<Usage>,
    latest: VecDeque<Latest>,
    before: u32,
    price_before: u64,
}

impl NetworkShares {
    /// Counts a message. Its network is the one that [`Self::familiarity`] is asked about then.
    pub fn count(&mut self, sent: &Sent, now: UnixMicros) {
        if self.latest.len() >= LATEST_MESSAGES {
            self.age();
        }
        let preceded_by = self.messages();
        let usage = self.place_of(sent.network, preceded_by);
        if let Some(found) = self.usages.get_mut(usage) {
            found.price = sent.price;
            found.latest += 1;
            let at_seconds = seconds(now);
            let usage = u8::try_from(usage).unwrap_or(u8::MAX);
            self.latest.push_back(Latest { number: sent.number, at_seconds, usage });
        }
    }

    fn messages(&self) -> u32 {
        self.before.saturating_add(u32::try_from(self.latest.len()).unwrap_or(u32::MAX))
    }

    /// Moves the earliest of the latest messages to those before.
    fn age(&mut self) {
        let Some(sent) = self.latest.pop_front() else { return };
        if let Some(usage) = self.usages.get_mut(usize::from(sent.usage)) {
            usage.latest = usage.latest.saturating_sub(1);
            usage.before += 1;
            self.price_before = self.price_before.saturating_add(usage.price);
            self.before += 1;
        }
        if self.before >= KEPT_MESSAGES {
            self.before /= 2;
            self.price_before /= 2;
            self.usages.iter_mut().for_each(|usage| usage.before /= 2);
        }
    }

    fn place_of(&mut self, code: NetworkCode, preceded_by: u32) -> usize {
        if let Some(known) = self.usages.iter().position(|usage| usage.code == code) {
            return known;
        }
        let usage = Usage { code, price: 0, latest: 0, before: 0, preceded_by, fall: Fall::default() };
        if self.usages.len() < NETWORKS_MAX {
            self.usages.push(usage);
            return self.usages.len() - 1;
        }
        let rare = self.usages.iter().enumerate().filter(|(_, usage)| usage.latest == 0);
        let rarest = rare.min_by_key(|(_, usage)| usage.before).map(|(place, _)| place);
        match rarest.and_then(|place| Some((place, self.usages.get_mut(place)?))) {
            Some((place, forgotten)) => {
                *forgotten = usage;
                place
            }
            // All of them are among the latest messages: such traffic is spread as widely as it can be.
            None => usize::MAX,
        }
    }

    /// The place of a network in the account's traffic.
    pub fn familiarity(&self, code: NetworkCode) -> Familiarity {
        let messages = self.messages();
        let (mut country, mut country_known, mut is_new, mut share_before) = (0, 0, true, None);
        let (mut own_latest, mut new_latest, mut new_price) = (0, 0, 0);
        for usage in &self.usages {
            let is_new_network = self.is_new_network(usage);
            if usage.code == code {
                own_latest = usage.latest;
                is_new = is_new_network;
                let others = messages.saturating_sub(usage.latest);
                let share = u64::from(usage.before) * 1_000 / u64::from(others.max(1));
                share_before = (others >= KNOWN_MESSAGES).then(|| u16::try_from(share).unwrap_or(u16::MAX));
            }
            if usage.code == code || is_new_network {
                new_latest += usage.latest;
                new_price += u64::from(usage.latest) * usage.price;
            }
            if usage.code.mcc == code.mcc {
                country += usage.latest + usage.before;
                country_known += if is_new_network { usage.before } else { usage.latest + usage.before };
            }
        }
        let others = messages.saturating_sub(own_latest);
        let is_new = is_new && others >= KNOWN_MESSAGES && country_known * NEW_COUNTRY_PART <= others;
        let usual = messages.saturating_sub(new_latest);
        let sum = self.price_before.saturating_add(self.latest_price()).saturating_sub(new_price);
        Familiarity {
            usual_price: if usual >= KNOWN_MESSAGES * 2 / 3 { sum / u64::from(usual.max(1)) } else { 0 },
            share_before,
            is_new,
            is_home: !is_new && messages >= KNOWN_MESSAGES && country * 100 >= messages * HOME_PERCENT,
        }
    }

    fn is_new_network(&self, usage: &Usage) -> bool {
        let others = self.messages().saturating_sub(usage.latest);
        let is_known = usage.preceded_by >= KNOWN_MESSAGES || self.before >= KNOWN_MESSAGES;
        is_known && others >= KNOWN_MESSAGES && usage.before * NEW_PART <= others
    }

    fn latest_price(&self) -> u64 {
        self.usages.iter().map(|usage| u64::from(usage.latest).saturating_mul(usage.price)).sum()
    }

    /// The messages to a network among the latest.
    pub fn latest_of(&self, code: NetworkCode) -> u32 {
        self.usages.iter().find(|usage| usage.code == code).map_or(0, |usage| usage.latest)
    }

    /// The outcomes of a network.
    pub fn fall_of(&mut self, code: NetworkCode) -> Option<&mut Fall> {
        self.usages.iter_mut().find(|usage| usage.code == code).map(|usage| &mut usage.fall)
    }

    /// The price of a segment to a network at its latest message.
    pub fn price_of(&self, code: NetworkCode) -> u64 {
        self.usages.iter().find(|usage| usage.code == code).map_or(0, |usage| usage.price)
    }

    /// Numbers of a network among the latest messages, the latest first.
    pub fn numbers_of(&self, code: NetworkCode) -> impl Iterator<Item = u64> {
        self.messages_to(code).map(|latest| latest.number)
    }

    /// Seconds since the earliest of the latest messages to a network.
    pub fn span_seconds(&self, code: NetworkCode, now: UnixMicros) -> u32 {
        self.messages_to(code).last().map_or(0, |earliest| seconds(now).wrapping_sub(earliest.at_seconds))
    }

    fn messages_to(&self, code: NetworkCode) -> impl Iterator<Item = &Latest> {
        let usage = self.usages.iter().position(|usage| usage.code == code);
        let usage = usage.and_then(|place| u8::try_from(place).ok());
        self.latest.iter().rev().filter(move |latest| Some(latest.usage) == usage)
    }

    /// Octets on the heap.
    pub fn heap_octets(&self) -> usize {
        self.usages.capacity() * size_of::<Usage>() + self.latest.capacity() * size_of::<Latest>()
    }
}

fn seconds(at: UnixMicros) -> u32 {
    u32::try_from(at.0 / 1_000_000 % (1 << 32)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> NetworkCode {
        NetworkCode::parse_joined(text).unwrap()
    }

    fn sent(shares: &mut NetworkShares, network: &str, price: u64, messages: u64) -> Familiarity {
        let network = code(network);
        (0..messages).for_each(|number| shares.count(&Sent { number, network, price }, UnixMicros(0)));
        shares.familiarity(network)
    }

    #[test]
    fn a_network_is_new_where_others_were_known_before() {
        let mut shares = NetworkShares::default();
        assert!(!sent(&mut shares, "639/02", 20_000, 100).is_new, "the first network");
        let familiarity = sent(&mut shares, "611/01", 90_000, 20);
        assert!(familiarity.is_new && !familiarity.is_home);
        assert_eq!((familiarity.usual_price, familiarity.share_before), (20_000, Some(0)));
        assert!(shares.familiarity(code("639/02")).is_home);
        let familiarity = sent(&mut shares, "639/03", 18_000, 10);
        assert!(!familiarity.is_new || familiarity.is_home, "another network of the country at home");
        assert!(!sent(&mut shares, "611/01", 90_000, 600).is_new, "after many messages");
    }

    #[test]
    fn memory_is_bounded_however_many_networks_there_are() {
        let mut shares = NetworkShares::default();
        for round in 0..40_000u64 {
            let mcc = 200 + u16::try_from(round * 7 % 500).unwrap();
            let network = NetworkCode { mcc, mnc: None };
            shares.count(&Sent { number: round, network, price: 10_000 }, UnixMicros(round));
            assert!(shares.usages.len() <= NETWORKS_MAX && shares.latest.len() <= LATEST_MESSAGES);
        }
        let counted: u32 = shares.usages.iter().map(|usage| usage.latest).sum();
        assert_eq!(counted as usize, shares.latest.len());
    }
}
