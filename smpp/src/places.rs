//! Places for connections: a stranger has one as long as there is room, and goes when somebody else needs it.
//!
//! A stranger is a connection that has not shown yet that it belongs here: one without a bind, or without a request that
//! is being answered. Strangers have a small limit for each address and one in all. Where a limit is reached, the one that
//! was silent for longest goes, so that whoever comes and says who it is finds a place. The others never go for a stranger.

mod table;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use table::PlaceTable;
pub use table::{NoPlace, PlaceLimits};

/// The places of one listener, or of several that share them.
#[derive(Debug)]
pub struct Places(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    table: PlaceTable,
    wakers: HashMap<u64, Arc<Notify>>,
    counts: [u64; NoPlace::ALL.len()],
    last_refused: Option<IpAddr>,
}

/// One connection's place, which is free when this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    id: u64,
    sent_away: Arc<Notify>,
}

impl Places {
    /// None is taken.
    pub fn new(limits: PlaceLimits) -> Self {
        Self(Mutex::new(Inner {
            table: PlaceTable::new(limits),
            wakers: HashMap::new(),
            counts: [0; NoPlace::ALL.len()],
            last_refused: None,
        }))
    }

    /// A place for a connection that has just been made. `None` stands for a trusted proxy that has not said yet for whom
    /// it connects.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, NoPlace> {
        let now = Instant::now();
        let id =
            self.with_room(address, |table, sent_away| table.enter(now, address.map(network), sent_away))?;
        let sent_away = Arc::new(Notify::new());
        self.lock().wakers.insert(id, Arc::clone(&sent_away));
        Ok(Place { places: Arc::clone(self), id, sent_away })
    }

    /// The connections that got no place for this reason, or lost theirs for it.
    pub fn refused(&self, reason: NoPlace) -> u64 {
        self.lock().counts.get(reason as usize).copied().unwrap_or_default()
    }

    /// The address of the connection that got none last.
    pub fn last_refused(&self) -> Option<IpAddr> {
        self.lock().last_refused
    }

    /// The number of places that are taken.
    pub fn taken(&self) -> usize {
        self.lock().table.taken()
    }

    /// Counts a connection that got no place.
    pub fn count(&self, reason: NoPlace, address: Option<IpAddr>) {
        self.lock().count(reason, 1, address);
    }

    fn with_room<T>(
        &self,
        address: Option<IpAddr>,
        take: impl FnOnce(&mut PlaceTable, &mut Vec<u64>) -> Result<T, NoPlace>,
    ) -> Result<T, NoPlace> {
        let mut inner = self.lock();
        let mut sent_away = Vec::new();
        let taken = take(&mut inner.table, &mut sent_away);
        for id in &sent_away {
            if let Some(waker) = inner.wakers.remove(id) {
                waker.notify_one();
            }
        }
        inner.count(NoPlace::SentAway, sent_away.len() as u64, address.filter(|_| !sent_away.is_empty()));
        if let Err(reason) = &taken {
            inner.count(*reason, 1, address);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn count(&mut self, reason: NoPlace, count: u64, address: Option<IpAddr>) {
        if let Some(counted) = self.counts.get_mut(reason as usize) {
            *counted += count;
        }
        self.last_refused = address.or(self.last_refused);
    }
}

impl Place {
    /// Ready once another needs the place. The connection is to be closed then, as it is.
    pub async fn sent_away(&self) {
        self.sent_away.notified().await;
    }

    /// The address for which a trusted proxy connects.
    pub fn belongs_to(&self, address: IpAddr) -> Result<(), NoPlace> {
        let places = &self.places;
        places.with_room(Some(address), |table, sent_away| {
            table.belongs_to(self.id, network(address), sent_away)
        })
    }

    /// The peer was heard, or what it asked for is done.
    pub fn heard(&self) {
        let now = Instant::now();
        self.places.lock().table.silent_from(self.id, now);
    }

    /// The peer asked for something that is being looked at.
    pub fn asks(&self) {
        self.places.lock().table.asks(self.id);
    }

    /// The peer is no stranger.
    pub fn known(&self) {
        self.places.lock().table.known(self.id);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.places.lock();
        inner.table.leave(self.id);
        inner.wakers.remove(&self.id);
    }
}

/// One customer of IPv6 has a whole /64 to come from, so that is what counts as an address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}
