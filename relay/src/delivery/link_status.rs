//! The links of one operator as people look at them: which there are, whether they are bound and since when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::BindMode;

/// The number of the link that was started last, of whichever operator.
static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Every link that runs, by its number.
#[derive(Debug, Default)]
pub struct LinkRegistry(Mutex<BTreeMap<u64, Arc<LinkStatus>>>);

/// What is known of one link.
#[derive(Debug)]
pub struct LinkStatus {
    /// Since the process started.
    pub number: u64,
    /// Which kind of bind.
    pub mode: BindMode,
    /// Host and port.
    pub peer: String,
    /// Messages that it may have unanswered.
    pub window: u32,
    in_flight: AtomicU32,
    bind_status: Mutex<BindStatus>,
}

/// Whether a link is bound.
#[derive(Clone, Debug)]
pub struct BindStatus {
    /// Whether it is.
    pub is_bound: bool,
    /// Since when it is, or not.
    pub since: UnixMicros,
    /// How often it was.
    pub binds: u64,
    /// Why it was not, the last time.
    pub last_failure: Option<String>,
}

impl LinkRegistry {
    /// A card for a link that is about to run.
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

    /// Its link runs no more.
    pub fn remove(&self, link_status: &LinkStatus) {
        self.0.lock().remove(&link_status.number);
    }

    /// All of them, in the order in which they were started.
    pub fn cards(&self) -> Vec<Arc<LinkStatus>> {
        self.0.lock().values().cloned().collect()
    }
}

impl LinkStatus {
    /// Messages that it has unanswered.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it is bound, and since when.
    pub fn bind_status(&self) -> BindStatus {
        self.bind_status.lock().clone()
    }

    /// It has so many messages unanswered.
    pub fn note_in_flight(&self, messages: usize) {
        self.in_flight.store(u32::try_from(messages).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// It is bound.
    pub fn note_bound(&self, now: UnixMicros) {
        let mut bind_status = self.bind_status.lock();
        bind_status.is_bound = true;
        bind_status.since = now;
        bind_status.binds += 1;
    }

    /// It could not be bound, or is no longer.
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
    fn a_card_says_since_when_its_link_is_bound_or_not() {
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
            link_registry.cards().iter().map(|link_status| link_status.number).collect::<Vec<_>>(),
            [other.number]
        );
    }
}
