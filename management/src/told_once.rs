//! Marks of what is told once, however often somebody looks: in the commit of the event itself, and remembered in memory.

use std::collections::HashSet;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::event_record::once_key;
use tollgate_storage::change::Expected;
use tollgate_storage::store::Store;

use crate::change_set::ChangeSet;
use crate::collections::EVENTS;
use crate::documents::stored_document;

/// Marks that are remembered in memory; beyond them the books are asked.
const KNOWN_MAX: usize = 100_000;

/// The marks that one watch has seen.
#[derive(Debug, Default)]
pub struct ToldOnce(Mutex<HashSet<String>>);

impl ToldOnce {
    /// True if the mark was seen before.
    pub fn is_known(&self, mark: &str) -> bool {
        self.0.lock().contains(mark)
    }

    /// Adds a mark to the change that tells of it, to be kept until then at least; false if it is there already.
    pub fn add(
        &self,
        store: &Store,
        changes: &mut ChangeSet<'_>,
        mark: &str,
        until: UnixMicros,
    ) -> Answer<bool> {
        let key = once_key(mark);
        let is_told = stored_document::<u64>(store, EVENTS, &key)?.is_some();
        if is_told {
            let mut known = self.0.lock();
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
            known.insert(mark.to_owned());
            return Ok(false);
        }
        changes.document(EVENTS, key.as_bytes(), Expected::Absent, Some(&until.0));
        Ok(true)
    }

    /// Takes a mark away with the change, so that it is told again.
    pub fn remove(&self, changes: &mut ChangeSet<'_>, mark: &str) {
        changes.document::<u64>(EVENTS, once_key(mark).as_bytes(), Expected::Any, None);
        self.0.lock().remove(mark);
    }
}
