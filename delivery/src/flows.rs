//! The order of messages to one destination.
//!
//! A **flow** is the messages of one account to one destination in one class. At most one of them is between its backlog
//! and the wire at any time, and younger ones are held behind it; while one is unanswered, the next goes over the same
//! link only, which keeps the order. What came back from an operator, or was not sent after all, goes before younger
//! ones. A message of unknown outcome holds up nobody: it was sent.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::input::LinkNumber;

/// The flows that have a message on its way.
#[derive(Debug, Default)]
pub struct Flows(FxHashMap<u64, Flow>);

#[derive(Debug, Default)]
struct Flow {
    /// The message between backlog and wire.
    current: Option<u64>,
    /// Messages that wait behind it.
    held: BTreeSet<u64>,
    /// Messages that are back in their backlogs, or put aside, and go before younger ones.
    back: BTreeSet<u64>,
    /// Unanswered messages, all on one link.
    in_flight: u32,
    link: LinkNumber,
}

impl Flow {
    fn is_idle(&self) -> bool {
        self.current.is_none() && self.in_flight == 0 && self.held.is_empty() && self.back.is_empty()
    }

    /// The next of those that are held, if nothing older is on its way.
    fn release(&mut self) -> Option<u64> {
        let next = *self.held.first().filter(|_| self.current.is_none())?;
        if self.back.first().is_some_and(|back| *back < next) {
            return None;
        }
        self.held.remove(&next);
        self.back.insert(next);
        Some(next)
    }
}

impl Flows {
    /// A message leaves its backlog. False if it has to wait behind another, which is noted.
    pub fn take(&mut self, flow: u64, id: u64) -> bool {
        let flow = self.0.entry(flow).or_default();
        let is_behind = |others: &BTreeSet<u64>| others.first().is_some_and(|other| *other < id);
        if flow.current.is_some_and(|current| current != id) || is_behind(&flow.back) || is_behind(&flow.held)
        {
            flow.back.remove(&id);
            flow.held.insert(id);
            return false;
        }
        flow.back.remove(&id);
        flow.current = Some(id);
        true
    }

    /// The link that a message has to take, if only one keeps its order.
    pub fn link(&self, flow: u64) -> Option<LinkNumber> {
        self.0.get(&flow).filter(|flow| flow.in_flight > 0).map(|flow| flow.link)
    }

    /// A message was written to a link. Returns one that was held behind it and goes back into its backlog.
    pub fn sent(&mut self, flow: u64, id: u64, link: LinkNumber) -> Option<u64> {
        let flow = self.0.entry(flow).or_default();
        flow.back.remove(&id);
        if flow.current == Some(id) {
            flow.current = None;
        }
        (flow.in_flight, flow.link) = (flow.in_flight + 1, link);
        flow.release()
    }

    /// A message was answered, or never will be.
    pub fn answered(&mut self, flow: u64) -> Option<u64> {
        self.change(flow, |flow| flow.in_flight = flow.in_flight.saturating_sub(1))
    }

    /// A message is back: it goes before younger ones.
    pub fn back(&mut self, flow: u64, id: u64) {
        let flow = self.0.entry(flow).or_default();
        if flow.current == Some(id) {
            flow.current = None;
        }
        flow.held.remove(&id);
        flow.back.insert(id);
    }

    /// A message is on its way no longer.
    pub fn leave(&mut self, flow: u64, id: u64) -> Option<u64> {
        self.change(flow, |flow| {
            if flow.current == Some(id) {
                flow.current = None;
            }
            flow.held.remove(&id);
            flow.back.remove(&id);
        })
    }

    fn change(&mut self, key: u64, change: impl FnOnce(&mut Flow)) -> Option<u64> {
        let flow = self.0.get_mut(&key)?;
        change(flow);
        let released = flow.release();
        if flow.is_idle() {
            self.0.remove(&key);
        }
        released
    }

    /// The number of flows.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkNumber = LinkNumber(7);

    #[test]
    fn younger_ones_wait_until_the_older_is_sent_and_go_over_its_link() {
        let mut flows = Flows::default();
        assert!(flows.take(1, 10));
        assert!(!flows.take(1, 11) && !flows.take(1, 12));
        assert!(flows.take(2, 13), "another destination does not wait");
        assert_eq!(flows.link(1), None);
        assert_eq!(flows.sent(1, 10, LINK), Some(11));
        assert_eq!(flows.link(1), Some(LINK));
        assert!(!flows.take(1, 12), "the one that was released goes first");
        assert!(flows.take(1, 11));
        assert_eq!(flows.answered(1), None);
        assert_eq!(flows.link(1), None);
        assert_eq!(flows.sent(1, 11, LINK), Some(12));
        assert!(flows.take(1, 12));
        assert_eq!(flows.leave(1, 12), None);
        assert_eq!(flows.answered(1), None);
        assert_eq!(flows.leave(2, 13), None);
        assert_eq!(flows.len(), 0);
    }

    #[test]
    fn what_comes_back_goes_before_what_was_held() {
        let mut flows = Flows::default();
        assert!(flows.take(1, 10));
        assert_eq!(flows.sent(1, 10, LINK), None);
        assert_eq!(flows.answered(1), None);
        flows.back(1, 10);
        assert!(!flows.take(1, 11), "it waits for the other's next try");
        assert!(flows.take(1, 10));
        assert_eq!(flows.leave(1, 10), Some(11), "which has ended");
        assert!(flows.take(1, 11));
    }
}
