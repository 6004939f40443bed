//! The note of how far the schedule has invoiced an account, which is part of the change that drafts its month.

use serde::{Deserialize, Serialize};
use tollgate_api::time::Time;
use tollgate_storage::change::Expected;

use crate::change_set::ChangeSet;
use crate::collections::COUNTERS;

/// A note to be written beside a draft.
#[derive(Debug)]
pub struct Progress {
    /// The note that the books are expected to have now.
    pub expected: Expected,
    /// True if the draft is to be sent at once.
    pub sends: bool,
    /// The new note.
    pub through: Through,
}

/// The period up to which an account has been invoiced by the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// The month, counted from the year zero.
    pub month: u32,
    /// The first instant after its period.
    pub until: Time,
}

impl Progress {
    /// Writes the note of an account.
    pub fn write(&self, changes: &mut ChangeSet<'_>, account: &str) {
        changes.document(COUNTERS, account_key(account).as_bytes(), self.expected, Some(&self.through));
    }
}

/// The key of an account's note among the counters.
pub fn account_key(account: &str) -> String {
    format!("invoiced/account/{account}")
}
