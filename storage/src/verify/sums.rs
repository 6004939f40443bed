//! The running sums of all rows, counted again: a row that was changed, added or removed by anything but a commit is
//! found here, whether or not a rule of the books covers it.

use super::fault::{Fault, off};
use crate::anchor::Found;
use crate::store::Store;
use crate::sums::{CommitRow, recount};

/// Places that a fault names at most.
const NAMED_MAX: usize = 5;

/// Compares the sums of the rows at rest with those that the commits have kept.
pub(super) fn compare_sums(store: &Store) -> Result<CommitRow, Fault> {
    let Some(last) = store.last_commit()? else {
        return off("the row of the last commit is missing".to_owned());
    };
    let recount = recount(store.database())?;
    let differences = recount.differences(store.database(), NAMED_MAX)?;
    if !differences.is_empty() {
        let places: Vec<String> = differences.iter().map(ToString::to_string).collect();
        return off(format!(
            "rows were changed, added or removed by something other than a commit: {}",
            places.join("; ")
        ));
    }
    if last.hash != last.hash_over(&recount.totals) {
        return off(format!("the chain hash of commit {} is not that of the rows that stand", last.number));
    }
    Ok(last)
}

/// Compares the last commit with the anchor, which was read before the rows were: a daemon that is running may have gone
/// on since.
pub(super) fn compare_anchor(last: &CommitRow, found: Option<&Found>) -> Result<(), Fault> {
    let Some(anchored) = found.and_then(|found| found.reached) else {
        return if last.number <= 1 { Ok(()) } else { off("the anchor is missing".to_owned()) };
    };
    let (anchor, number) = (anchored.number, last.number);
    if anchor > number {
        let missing = anchor - number;
        return off(format!(
            "{missing} commits that were acknowledged are missing: the anchor names commit {anchor}, the last one is {number}"
        ));
    }
    let hash = match number - anchor {
        0 => last.hash,
        1 => last.previous,
        _ => return Ok(()),
    };
    if hash == anchored.hash {
        return Ok(());
    }
    off(format!(
        "commit {anchor} is not the one that the anchor names: the rows and their sums were written anew"
    ))
}
