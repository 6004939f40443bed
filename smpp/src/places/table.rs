//! The table of places: who has one, and who is sent away for whom. It never looks at a clock and wakes nobody.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Instant;

/// The number of connections at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceLimits {
    /// All of them.
    pub all: u32,
    /// Strangers: those that have not shown yet that they belong here.
    pub strangers: u32,
    /// Strangers of one address, or of one IPv6 network of 64 bits.
    pub strangers_per_address: u32,
}

/// The reason for which a connection has no place, or no longer has one. A closed list, so that it can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// Its address has as many strangers as it may have, and each is being looked at.
    AddressFull,
    /// There are as many strangers as there may be, and each is being looked at.
    StrangersFull,
    /// There are as many connections as there may be, and none is a stranger that could be sent away.
    Full,
    /// It was the stranger that had been silent for longest when another came.
    SentAway,
    /// A trusted proxy did not say for whom it connects.
    NoProxyHeader,
}

impl NoPlace {
    /// All of them, in the order of the variants.
    pub const ALL: [Self; 5] =
        [Self::AddressFull, Self::StrangersFull, Self::Full, Self::SentAway, Self::NoProxyHeader];

    /// For a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::AddressFull => "address_full",
            Self::StrangersFull => "strangers_full",
            Self::Full => "full",
            Self::SentAway => "sent_away",
            Self::NoProxyHeader => "no_proxy_header",
        }
    }
}

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// A stranger that is waited for, since it was heard last.
    Silent(Instant),
    /// A stranger that asked for something, which is being looked at.
    Asking,
    /// One that belongs here.
    Known,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// `None` until a trusted proxy has said for whom it connects.
    address: Option<IpAddr>,
    presence: Presence,
}

/// The strangers of one address.
#[derive(Debug, Default)]
struct OfAddress {
    count: u32,
    silent: BTreeSet<(Instant, u64)>,
}

/// The connections that have a place, each known by a number.
#[derive(Debug)]
pub(super) struct PlaceTable {
    limits: PlaceLimits,
    entries: HashMap<u64, Entry>,
    strangers: u32,
    silent: BTreeSet<(Instant, u64)>,
    by_address: HashMap<IpAddr, OfAddress>,
    last: u64,
}

impl PlaceTable {
    pub(super) fn new(limits: PlaceLimits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            strangers: 0,
            silent: BTreeSet::new(),
            by_address: HashMap::new(),
            last: 0,
        }
    }

    /// Gives a stranger a place. Returns its number, and appends those that were sent away for it to `sent_away`.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        address: Option<IpAddr>,
        sent_away: &mut Vec<u64>,
    ) -> Result<u64, NoPlace> {
        self.make_room(address, sent_away)?;
        self.last += 1;
        self.put(self.last, Entry { address, presence: Presence::Silent(now) });
        Ok(self.last)
    }

    /// A trusted proxy has said for whom it connects: the place is that address's from here on.
    pub(super) fn belongs_to(
        &mut self,
        id: u64,
        address: IpAddr,
        sent_away: &mut Vec<u64>,
    ) -> Result<(), NoPlace> {
        let Some(entry) = self.take(id) else { return Err(NoPlace::SentAway) };
        let entry = Entry { address: Some(address), ..entry };
        self.make_room(entry.address, sent_away)?;
        self.put(id, entry);
        Ok(())
    }

    /// A stranger was heard, or what it asked for is done.
    pub(super) fn silent_from(&mut self, id: u64, now: Instant) {
        self.stand(id, Presence::Silent(now));
    }

    /// A stranger asked for something that is being looked at: it is not sent away meanwhile.
    pub(super) fn asks(&mut self, id: u64) {
        self.stand(id, Presence::Asking);
    }

    /// It is no stranger any more.
    pub(super) fn known(&mut self, id: u64) {
        self.stand(id, Presence::Known);
    }

    /// It is gone.
    pub(super) fn leave(&mut self, id: u64) {
        self.take(id);
    }

    /// The number of places that are taken.
    pub(super) fn taken(&self) -> usize {
        self.entries.len()
    }

    fn stand(&mut self, id: u64, presence: Presence) {
        if let Some(entry) = self.take(id) {
            self.put(id, Entry { presence, ..entry });
        }
    }

    /// Sends away the stranger that was silent for longest, of the address where the address is full.
    fn make_room(&mut self, address: Option<IpAddr>, sent_away: &mut Vec<u64>) -> Result<(), NoPlace> {
        let of_address = address.and_then(|address| self.by_address.get(&address));
        if let Some(of_address) = of_address
            && of_address.count >= self.limits.strangers_per_address
        {
            let longest = of_address.silent.first().ok_or(NoPlace::AddressFull)?.1;
            self.send_away(longest, sent_away);
        }
        if self.strangers >= self.limits.strangers {
            let longest = self.silent.first().ok_or(NoPlace::StrangersFull)?.1;
            self.send_away(longest, sent_away);
        }
        if self.entries.len() >= self.limits.all as usize {
            let longest = self.silent.first().ok_or(NoPlace::Full)?.1;
            self.send_away(longest, sent_away);
        }
        Ok(())
    }

    fn send_away(&mut self, id: u64, sent_away: &mut Vec<u64>) {
        self.take(id);
        sent_away.push(id);
    }

    fn put(&mut self, id: u64, entry: Entry) {
        self.entries.insert(id, entry);
        if entry.presence == Presence::Known {
            return;
        }
        self.strangers += 1;
        if let Presence::Silent(since) = entry.presence {
            self.silent.insert((since, id));
        }
        if let Some(address) = entry.address {
            let of_address = self.by_address.entry(address).or_default();
            of_address.count += 1;
            if let Presence::Silent(since) = entry.presence {
                of_address.silent.insert((since, id));
            }
        }
    }

    fn take(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if entry.presence == Presence::Known {
            return Some(entry);
        }
        self.strangers -= 1;
        let silent = match entry.presence {
            Presence::Silent(since) => Some((since, id)),
            Presence::Asking | Presence::Known => None,
        };
        if let Some(silent) = silent {
            self.silent.remove(&silent);
        }
        if let Some(address) = entry.address
            && let Some(of_address) = self.by_address.get_mut(&address)
        {
            of_address.count -= 1;
            if let Some(silent) = silent {
                of_address.silent.remove(&silent);
            }
            if of_address.count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Visitors {
        table: PlaceTable,
        begin: Instant,
        sent_away: Vec<u64>,
    }

    impl Visitors {
        fn new(all: u32, strangers: u32, strangers_per_address: u32) -> Self {
            let limits = PlaceLimits { all, strangers, strangers_per_address };
            Self { table: PlaceTable::new(limits), begin: Instant::now(), sent_away: Vec::new() }
        }

        fn at(&self, millis: u64) -> Instant {
            self.begin + Duration::from_millis(millis)
        }

        fn enter(&mut self, millis: u64, last_octet: u8) -> Result<u64, NoPlace> {
            let address = IpAddr::from([192, 0, 2, last_octet]);
            self.table.enter(self.at(millis), Some(address), &mut self.sent_away)
        }

        fn sent_away(&mut self) -> Vec<u64> {
            std::mem::take(&mut self.sent_away)
        }
    }

    #[test]
    fn the_longest_silent_stranger_of_a_full_address_goes_first() {
        let mut visitors = Visitors::new(100, 50, 2);
        let [first, second, other] = [(0, 1), (1, 1), (2, 2)].map(|(at, of)| visitors.enter(at, of).unwrap());
        visitors.table.silent_from(first, visitors.at(3));
        let third = visitors.enter(4, 1).unwrap();
        assert_eq!(visitors.sent_away(), [second], "the first was heard after it");
        visitors.enter(5, 1).unwrap();
        assert_eq!(visitors.sent_away(), [first]);
        visitors.table.leave(third);
        visitors.enter(6, 1).unwrap();
        assert_eq!(visitors.sent_away(), [], "a place that was left is free at once");
        visitors.table.leave(other);
        assert_eq!(visitors.table.taken(), 2);
    }

    #[test]
    fn whoever_is_being_looked_at_is_not_sent_away() {
        let mut visitors = Visitors::new(100, 50, 2);
        let [first, second] = [0, 1].map(|at| visitors.enter(at, 1).unwrap());
        visitors.table.asks(first);
        visitors.enter(2, 1).unwrap();
        assert_eq!(visitors.sent_away(), [second]);
        visitors.table.asks(3);
        assert_eq!(visitors.enter(3, 1), Err(NoPlace::AddressFull));
        visitors.table.silent_from(first, visitors.at(4));
        visitors.enter(5, 1).unwrap();
        assert_eq!(visitors.sent_away(), [first]);
    }

    #[test]
    fn the_known_never_pay_for_strangers() {
        let mut visitors = Visitors::new(4, 3, 3);
        let known = visitors.enter(0, 1).unwrap();
        visitors.table.known(known);
        for at in 1..1_000 {
            visitors.enter(at, u8::try_from(at % 200).unwrap()).unwrap();
        }
        assert_eq!(visitors.table.taken(), 4);
        assert!(!visitors.sent_away().contains(&known));
        for id in visitors.table.entries.keys().copied().collect::<Vec<_>>() {
            visitors.table.known(id);
        }
        assert_eq!(visitors.enter(1_001, 9), Err(NoPlace::Full));
        visitors.table.leave(known);
        visitors.enter(1_002, 9).unwrap();
    }

    #[test]
    fn strangers_of_many_addresses_have_a_limit_in_all() {
        let mut visitors = Visitors::new(100, 3, 2);
        let ids = [1, 2, 3].map(|of| visitors.enter(u64::from(of), of).unwrap());
        visitors.enter(4, 4).unwrap();
        assert_eq!(visitors.sent_away(), [ids[0]]);
        for id in [ids[1], ids[2], 4] {
            visitors.table.asks(id);
        }
        assert_eq!(visitors.enter(5, 5), Err(NoPlace::StrangersFull));
    }

    #[test]
    fn a_proxys_connection_counts_for_whom_it_is_made() {
        let mut visitors = Visitors::new(100, 50, 2);
        let proxied: Vec<u64> = (0..5)
            .map(|at| visitors.table.enter(visitors.at(at), None, &mut visitors.sent_away).unwrap())
            .collect();
        assert_eq!(visitors.sent_away(), [], "a proxy is no single stranger");
        let of = IpAddr::from([192, 0, 2, 1]);
        for id in &proxied {
            visitors.table.belongs_to(*id, of, &mut visitors.sent_away).unwrap();
        }
        assert_eq!(visitors.sent_away(), proxied[..3]);
        assert_eq!(visitors.table.belongs_to(proxied[0], of, &mut Vec::new()), Err(NoPlace::SentAway));
    }

    #[test]
    fn counts_come_back_to_nothing() {
        let mut visitors = Visitors::new(10, 10, 10);
        let ids: Vec<u64> = (0..10).map(|at| visitors.enter(at, u8::from(at % 2 == 0)).unwrap()).collect();
        for (number, id) in ids.iter().enumerate() {
            match number % 3 {
                0 => visitors.table.asks(*id),
                1 => visitors.table.known(*id),
                _ => visitors.table.silent_from(*id, visitors.at(50)),
            }
        }
        for id in &ids {
            visitors.table.leave(*id);
        }
        let table = &visitors.table;
        assert_eq!((table.taken(), table.strangers), (0, 0));
        assert!(table.silent.is_empty() && table.by_address.is_empty());
    }
}
