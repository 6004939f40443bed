//! The names of what is numbered in the books, kept until something is provisioned.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;

use crate::Office;
use crate::cdr_export::Names;
use crate::problems::unavailable;
use tollgate_relay::snapshot::Snapshot;

/// The names as they were read last.
#[derive(Debug, Default)]
pub struct KnownNames(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    /// What was in force then, and the count of accounts that were changed by themselves.
    snapshot: Weak<Snapshot>,
    generation: u64,
    names: Arc<Names>,
}

impl Office {
    /// The names of everything that is provisioned, or ever was.
    pub(crate) fn names(&self) -> Answer<Arc<Names>> {
        let snapshot = self.context.core.snapshot.load_full();
        let generation = snapshot.generation();
        let mut known = self.known_names.0.lock();
        if let Some(known) = &*known
            && known.generation == generation
            && Weak::ptr_eq(&known.snapshot, &Arc::downgrade(&snapshot))
        {
            return Ok(Arc::clone(&known.names));
        }
        let networks = snapshot.tables.networks.clone();
        let read = match &*known {
            Some(known) => known.names.renewed(self.store(), networks),
            None => Names::read(self.store(), networks),
        };
        let names = read.map_err(|error| unavailable(&error))?;
        let names = Arc::new(names.with_tariff(snapshot.tariff, &snapshot.tables.version));
        *known = Some(Known { snapshot: Arc::downgrade(&snapshot), generation, names: Arc::clone(&names) });
        Ok(names)
    }
}
