//! The status of an operator's links, for the management API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
pub use tollgate_smpp::BindMode;

/// The number of the link that was started last, of whichever operator.
static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Every link of one operator that runs, by its number.
#[derive(Debug, Default)]
pub struct LinkRegistry(Mutex<BTreeMap<u64, Arc<LinkStatus>>>);

/// The status of one link.
#[derive(Debug)]
pub struct LinkStatus {
    /// The number of the link, counted since the process started.
    pub number: u64,
    /// The kind of bind.
    pub mode: BindMode,
    /// Host and port of the operator.
    pub peer: String,
    /// The largest number of messages that it may have unanswered.
    pub window: u32,
    in_flight: AtomicU32,
    bind_status: Mutex<BindStatus>,
}

/// The state of a link's bind.
#[derive(Clone, Debug)]
pub struct BindStatus {
    /// True if it is bound.
    pub is_bound: bool,
    /// The time since which it is bound, or is not.
    pub since: UnixMicros,
    /// The number of times that it was bound.
    pub binds: u64,
    /// The reason of the last failure.
    pub last_failure: Option<String>,
}

impl LinkRegistry {
    /// Adds a link that is about to run.
    pub fn add(&self, mode: BindMode, peer: String, window: u32, now: UnixMicros) -> Arc<LinkStatus> {
        let number = LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
        let bind_status = BindStatus { is_bound: false, since: now, binds: 0, last_failure: None };
        let link_status = LinkStatus {
            number,
            mode,
            peer,
            window,
            in_flight: AtomicU32::new(0),
            bind_status: Mutex::new(bind_status),
        };
        let link_status = Arc::new(link_status);
        self.0.lock().insert(number, Arc::clone(&link_status));
        link_status
    }

    /// Removes a link that has ended.
    pub fn remove(&self, link_status: &LinkStatus) {
        self.0.lock().remove(&link_status.number);
    }

    /// All links, in the order in which they were started.
    pub fn links(&self) -> Vec<Arc<LinkStatus>> {
        self.0.lock().values().cloned().collect()
    }
}

impl LinkStatus {
    /// The number of messages that it has unanswered.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The state of its bind.
    pub fn bind_status(&self) -> BindStatus {
        self.bind_status.lock().clone()
    }

    /// Sets the number of messages that it has unanswered.
    pub fn note_in_flight(&self, messages: usize) {
        self.in_flight.store(u32::try_from(messages).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Notes that it is bound.
    pub fn note_bound(&self, now: UnixMicros) {
        let mut bind_status = self.bind_status.lock();
        bind_status.is_bound = true;
        bind_status.since = now;
        bind_status.binds += 1;
    }

    /// Notes that it could not be bound, or is no longer bound.
    pub fn note_failed(&self, now: UnixMicros, reason: String) {
        let mut bind_status = self.bind_status.lock();
        if bind_status.is_bound {
            bind_status.is_bound = false;
            bind_status.since = now;
        }
        bind_status.last_failure = Some(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_status_tells_since_when_the_link_is_bound_or_not() {
        let link_registry = LinkRegistry::default();
        let link_status = link_registry.add(BindMode::Transceiver, "smsc:2775".to_owned(), 10, UnixMicros(1));
        link_status.note_failed(UnixMicros(2), "refused".to_owned());
        let bind_status = link_status.bind_status();
        assert_eq!((bind_status.is_bound, bind_status.since, bind_status.binds), (false, UnixMicros(1), 0));
        assert_eq!(bind_status.last_failure.as_deref(), Some("refused"));
        link_status.note_bound(UnixMicros(3));
        link_status.note_failed(UnixMicros(4), "closed".to_owned());
        let bind_status = link_status.bind_status();
        assert_eq!((bind_status.is_bound, bind_status.since, bind_status.binds), (false, UnixMicros(4), 1));
        let other = link_registry.add(BindMode::Receiver, "smsc:2775".to_owned(), 0, UnixMicros(5));
        link_registry.remove(&link_status);
        assert_eq!(
            link_registry.links().iter().map(|link_status| link_status.number).collect::<Vec<_>>(),
            [other.number]
        );
    }
}
