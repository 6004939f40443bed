//! The names of what is numbered in the books, cached until something is provisioned.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;

use crate::context::Context;
use crate::problems::unavailable;
use tollgate_exports::cdr::Names;
use tollgate_relay::snapshot::Snapshot;

/// A cache of the names.
#[derive(Debug)]
pub struct NameCache {
    context: Arc<Context>,
    known: Mutex<Option<Known>>,
}

/// The names as they were read last.
#[derive(Debug)]
struct Known {
    /// The snapshot that was in force then, and its count of accounts that were changed one by one.
    snapshot: Weak<Snapshot>,
    generation: u64,
    names: Arc<Names>,
}

impl NameCache {
    /// With nothing read yet.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context, known: Mutex::default() }
    }

    /// The names of everything that is provisioned, or ever was.
    pub fn names(&self) -> Answer<Arc<Names>> {
        let snapshot = self.context.core.snapshot.load_full();
        let generation = snapshot.generation();
        let mut known = self.known.lock();
        if let Some(known) = &*known
            && known.generation == generation
            && Weak::ptr_eq(&known.snapshot, &Arc::downgrade(&snapshot))
        {
            return Ok(Arc::clone(&known.names));
        }
        let networks = snapshot.tables.networks.clone();
        let read = match &*known {
            Some(known) => known.names.renewed(self.context.store(), networks),
            None => Names::read(self.context.store(), networks),
        };
        let names = read.map_err(|error| unavailable(&error))?;
        let names = Arc::new(names.with_tariff(snapshot.tariff, &snapshot.tables.version));
        *known = Some(Known { snapshot: Arc::downgrade(&snapshot), generation, names: Arc::clone(&names) });
        Ok(names)
    }
}
