//! The notes of how far the schedule is: with the periods of a time zone, and with an account, whose note is part of the change
//! that drafts its period.

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::time::Time;
use tollgate_billing::invoice::schedule::Cycle;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::store::Store;

use crate::billing::period::zone;
use crate::change_set::ChangeSet;
use crate::collections::COUNTERS;
use crate::documents::stored_document;
use tollgate_relay::snapshot::ActiveAccount;

/// The progress of a zone's cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The last period that is done: months are counted from the year zero, weeks and days from 1970.
    pub month: u32,
    /// The last period that ended while the schedule was switched off; zero for none.
    #[serde(default)]
    pub skipped: u32,
}

/// A note to be written beside a draft.
#[derive(Debug)]
pub struct Progress {
    /// The note that the books are expected to have now.
    pub expected: Expected,
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

/// The key of a zone's progress among the counters.
pub fn zone_key(zone: &str, cycle: Cycle) -> String {
    match cycle {
        Cycle::Monthly => format!("invoiced/zone/{zone}"),
        Cycle::Weekly => format!("invoiced/weekly/{zone}"),
        Cycle::Daily => format!("invoiced/daily/{zone}"),
    }
}

/// The stored progress of a zone's cycle.
pub fn zone_progress(store: &Store, zone: &str, cycle: Cycle) -> Answer<Option<Done>> {
    let stored = stored_document::<Done>(store, COUNTERS, &zone_key(zone, cycle))?;
    Ok(stored.map(|(_, done)| done))
}

/// Adds the notes from which the schedule goes on with an account that gets another cycle, to the change that gives it. So the
/// period in which it changes is the first of the new cycle, however soon it ends, and what no period of the old one has taken
/// belongs to it.
pub fn change_cycle(
    changes: &mut ChangeSet<'_>,
    store: &Store,
    account: &ActiveAccount,
    (before, after): (Cycle, Cycle),
    now: UnixMicros,
) -> Answer<()> {
    if before == after {
        return Ok(());
    }
    let name = &account.terms.plan.plan.time_zone;
    let zone = zone(name)?;
    let ended = |cycle: Cycle| cycle.number_at(now, &zone).map(|number| number.saturating_sub(1));
    if let Some(month) = ended(after)
        && zone_progress(store, name, after)?.is_none()
    {
        let done = Done { month, skipped: 0 };
        changes.document(COUNTERS, zone_key(name, after).as_bytes(), Expected::Absent, Some(&done));
    }
    let key = account_key(&account.provisioned.account.id);
    if stored_document::<Through>(store, COUNTERS, &key)?.is_some() {
        return Ok(());
    }
    let month = zone_progress(store, name, before)?.map(|done| done.month).or_else(|| ended(before));
    let until = month.and_then(|month| before.begins_at(month.saturating_add(1), &zone));
    if let Some((month, until)) = month.zip(until) {
        let through = Through { month, until: Time(until) };
        changes.document(COUNTERS, key.as_bytes(), Expected::Absent, Some(&through));
    }
    Ok(())
}
