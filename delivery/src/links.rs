//! The links that are bound, and the messages that are unanswered on each.

use rustc_hash::{FxHashMap, FxHashSet};
use tollgate_engine::operator::OperatorNumber;

use crate::input::LinkNumber;

/// The links of all operators.
#[derive(Debug, Default)]
pub struct Links(FxHashMap<LinkNumber, Link>);

/// One link that is bound.
#[derive(Debug)]
pub struct Link {
    /// The operator of it.
    pub operator: OperatorNumber,
    /// Messages that may be unanswered on it.
    pub window: u32,
    /// Those that are.
    pub in_flight: FxHashSet<u64>,
    /// True if its socket takes more.
    pub is_writable: bool,
}

impl Link {
    /// True if another message may be written.
    fn has_room(&self) -> bool {
        self.is_writable && self.in_flight.len() < self.window as usize
    }
}

impl Links {
    /// A link is bound.
    pub fn insert(&mut self, link: LinkNumber, operator: OperatorNumber, window: u32) {
        let bound = Link { operator, window, in_flight: FxHashSet::default(), is_writable: true };
        self.0.insert(link, bound);
    }

    /// A link is down.
    pub fn remove(&mut self, link: LinkNumber) -> Option<Link> {
        self.0.remove(&link)
    }

    /// A link that is bound.
    pub fn get_mut(&mut self, link: LinkNumber) -> Option<&mut Link> {
        self.0.get_mut(&link)
    }

    /// The operator of a link that is bound.
    pub fn operator(&self, link: LinkNumber) -> Option<OperatorNumber> {
        self.0.get(&link).map(|link| link.operator)
    }

    /// True if another message may be written to the link.
    pub fn has_room(&self, link: LinkNumber) -> bool {
        self.0.get(&link).is_some_and(Link::has_room)
    }

    /// The messages that are unanswered at an operator.
    pub fn in_flight_at(&self, operator: OperatorNumber) -> impl Iterator<Item = u64> {
        let links = self.0.values().filter(move |link| link.operator == operator);
        links.flat_map(|link| link.in_flight.iter().copied())
    }
}
