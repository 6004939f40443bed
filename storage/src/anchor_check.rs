//! The last commit of a data directory, compared with its anchor before anything in the directory is changed.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::anchor::{self, Found, Manifest};
use crate::sums::CommitRow;
use crate::wal;

/// The way on from a directory that is refused.
const WAY_OUT: &str = "restore the latest backup, or look at what is left with `tollgate verify` and then let it count \
                       with `tollgate anchor accept`";

/// The reason for which a directory is not opened, although it could be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnchorError {
    /// The log ends before the last commit that was acknowledged.
    #[error(
        "{} commits that were acknowledged are missing: the anchor {anchor} names commit {anchored}, and the log ends with \
         commit {found}{damage}; {WAY_OUT}",
        anchored - found
    )]
    Lost {
        /// The anchor's file.
        anchor: PathBuf,
        /// The commit that it names.
        anchored: u64,
        /// The last commit in the directory.
        found: u64,
        /// The file and the offset at which the log ends.
        damage: String,
    },
    /// The anchor names another commit of the same number, or one from long ago.
    #[error(
        "the anchor {anchor} belongs to another copy of this directory: it names commit {anchored}, and the directory has \
         commit {found} with another past; {WAY_OUT}"
    )]
    Foreign {
        /// The anchor's file.
        anchor: PathBuf,
        /// The commit that it names.
        anchored: u64,
        /// The last commit in the directory.
        found: u64,
    },
    /// There is no anchor.
    #[error(
        "the anchor {anchor} is missing or holds nothing, so that it cannot be known if commits are missing; {WAY_OUT}"
    )]
    Missing {
        /// The anchor's file.
        anchor: PathBuf,
    },
    /// The list of tables is not the one that was there, or ends early.
    #[error("the list of tables {path} {fault}, so that rows are missing; {WAY_OUT}")]
    Tables {
        /// The path of the MANIFEST.
        path: PathBuf,
        /// The fault in it.
        fault: String,
    },
    /// The directory has no last commit.
    #[error(
        "the directory {path} has lost its last commit, so that it cannot be known what is missing{damage}; restore the latest backup"
    )]
    NoCommit {
        /// The data directory.
        path: PathBuf,
        /// The file and the offset at which the log ends.
        damage: String,
    },
    /// The directory has tables or an anchor, and not the file that names the list of tables.
    #[error(
        "the directory {path} has books and has lost its file CURRENT, which names the list of their tables; put it back, or \
         restore the latest backup into another directory"
    )]
    Unlisted {
        /// The data directory.
        path: PathBuf,
    },
    /// The anchor cannot be read or made.
    #[error("the anchor cannot be used: {0}")]
    Unusable(String),
}

impl AnchorError {
    /// The error for a directory that has lost the file CURRENT.
    pub fn unlisted(path: &Path) -> Self {
        Self::Unlisted { path: path.to_owned() }
    }

    /// The error for a directory that has no last commit.
    pub fn no_commit(path: &Path) -> Self {
        Self::NoCommit { path: path.to_owned(), damage: damage_of(path) }
    }
}

/// The place at which the logs of a directory end, as a part of a sentence.
fn damage_of(folder: &Path) -> String {
    wal::first_damage(folder).map(|end| format!(", as {end}")).unwrap_or_default()
}

/// Compares the last commit in a directory with one anchor, which was read before the directory was.
pub fn judge(folder: &Path, path: &Path, last: &CommitRow, found: Option<&Found>) -> Result<(), AnchorError> {
    let anchor = path.to_owned();
    let Some((found, anchored)) = found.and_then(|found| Some((found, found.reached?))) else {
        // The first commit is made before its anchor, and nobody was answered yet.
        return if last.number <= 1 { Ok(()) } else { Err(AnchorError::Missing { anchor }) };
    };
    if found.is_damaged {
        tracing::warn!(anchor = %path.display(), "a slot of the anchor is damaged");
    }
    let behind = last.number.checked_sub(anchored.number);
    match behind {
        Some(0) if anchored.hash == last.hash => Ok(()),
        Some(1) if anchored.hash == last.previous => Ok(()),
        // The slot of the commit between them is the damaged one.
        Some(2) if found.is_damaged => Ok(()),
        // The anchor was written behind the commits, and the process ended before it was written again.
        Some(commits) if found.is_passed && commits > 1 => {
            tracing::info!(commits, anchored = anchored.number, "the log goes on from its periodic anchor");
            Ok(())
        }
        // The log's file came to the disk, and the anchor's did not.
        Some(_) if is_excused(found) => Ok(()),
        None if is_excused(found) => {
            let (acknowledged, kept) = (anchored.number, last.number);
            tracing::error!(
                acknowledged,
                kept,
                "the machine stopped before the last commits were on disk, and storage.durability = \"os\" lets that lose them"
            );
            Ok(())
        }
        None => {
            let (anchored, found) = (anchored.number, last.number);
            Err(AnchorError::Lost { anchor, anchored, found, damage: damage_of(folder) })
        }
        Some(_) => Err(AnchorError::Foreign { anchor, anchored: anchored.number, found: last.number }),
    }
}

/// Compares the list of tables with what an anchor says of it. One that was begun anew since has a higher number.
pub fn judge_tables(folder: &Path, known: Manifest) -> Result<(), AnchorError> {
    let Some(number) = anchor::manifest_number(folder) else { return Ok(()) };
    let path = anchor::manifest_path(folder, number);
    let fault = if number < known.number {
        format!("is older than {}, which was in use", anchor::manifest_path(folder, known.number).display())
    } else {
        let octets = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if number > known.number || octets >= known.octets {
            return Ok(());
        }
        format!("ends at offset {octets}, and had {} octets", known.octets)
    };
    Err(AnchorError::Tables { path, fault })
}

/// True if the commits were not synced, and the machine was started since.
fn is_excused(found: &Found) -> bool {
    found.unsynced_since.as_ref().is_some_and(|boot| *boot != anchor::boot_id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::Reached;

    fn commit(number: u64, hash: u8) -> CommitRow {
        CommitRow { number, hash: [hash; 32], previous: [hash - 1; 32], ..CommitRow::default() }
    }

    fn reached(number: u64, hash: u8) -> Reached {
        Reached { number, hash: [hash; 32] }
    }

    fn judged(last: u64, anchored: Option<u64>) -> Result<(), AnchorError> {
        let found = anchored.map(|number| Found {
            reached: Some(reached(number, u8::try_from(number).unwrap())),
            ..Found::default()
        });
        let nowhere = Path::new("/nowhere");
        judge(nowhere, nowhere, &commit(last, u8::try_from(last).unwrap()), found.as_ref())
    }

    #[test]
    fn the_anchor_may_be_one_commit_behind_and_never_ahead() {
        assert_eq!(judged(5, Some(5)), Ok(()));
        assert_eq!(judged(5, Some(4)), Ok(()));
        assert!(matches!(judged(5, Some(6)), Err(AnchorError::Lost { anchored: 6, found: 5, .. })));
        assert!(matches!(judged(5, Some(3)), Err(AnchorError::Foreign { .. })));
        assert!(matches!(judged(5, None), Err(AnchorError::Missing { .. })));
        assert_eq!(judged(1, None), Ok(()));
    }

    #[test]
    fn the_log_may_be_ahead_of_a_periodic_anchor_by_any_number_and_never_behind() {
        let nowhere = Path::new("/nowhere");
        let judged = |last: u64, anchored: Reached| {
            let found = Found { reached: Some(anchored), is_passed: true, ..Found::default() };
            judge(nowhere, nowhere, &commit(last, u8::try_from(last).unwrap()), Some(&found))
        };
        for ahead in 0..20 {
            assert_eq!(judged(5 + ahead, reached(5, 5)), Ok(()), "{ahead}");
        }
        assert!(matches!(judged(5, reached(6, 6)), Err(AnchorError::Lost { anchored: 6, found: 5, .. })));
        // What can be compared is.
        assert!(matches!(judged(5, reached(5, 9)), Err(AnchorError::Foreign { .. })));
        assert!(matches!(judged(5, reached(4, 9)), Err(AnchorError::Foreign { .. })));
    }

    #[test]
    fn a_commit_of_the_same_number_with_another_past_is_foreign() {
        let found = Found { reached: Some(reached(5, 9)), ..Found::default() };
        let nowhere = Path::new("/nowhere");
        let judged = judge(nowhere, nowhere, &commit(5, 5), Some(&found));
        assert!(matches!(judged, Err(AnchorError::Foreign { .. })));
    }

    #[test]
    fn a_list_of_tables_that_ends_early_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let judged = |number, octets| judge_tables(folder.path(), Manifest { number, octets });
        assert_eq!(judged(7, 3), Ok(()), "RocksDB says what it thinks of a directory without a list");
        std::fs::write(folder.path().join("CURRENT"), "MANIFEST-000007\n").unwrap();
        assert!(matches!(judged(7, 3), Err(AnchorError::Tables { .. })));
        std::fs::write(folder.path().join("MANIFEST-000007"), "abc").unwrap();
        assert_eq!((judged(7, 3), judged(7, 2), judged(5, 9)), (Ok(()), Ok(()), Ok(())));
        let early = judged(7, 4).unwrap_err().to_string();
        assert!(early.contains("MANIFEST-000007 ends at offset 3, and had 4 octets"), "{early}");
        let older = judged(8, 1).unwrap_err().to_string();
        assert!(older.contains("is older than"), "{older}");
    }

    #[test]
    fn what_was_not_synced_may_be_lost_when_the_machine_starts_anew() {
        let since = |boot: String| Found {
            reached: Some(reached(7, 7)),
            unsynced_since: Some(boot),
            ..Found::default()
        };
        let nowhere = Path::new("/nowhere");
        let judged = |found| judge(nowhere, nowhere, &commit(5, 5), Some(&found));
        assert_eq!(judged(since("another start".to_owned())), Ok(()));
        assert!(matches!(judged(since(anchor::boot_id())), Err(AnchorError::Lost { .. })));
        // The log may as well be ahead of the anchor by more than one.
        let behind = |boot: String| Found {
            reached: Some(reached(2, 2)),
            unsynced_since: Some(boot),
            ..Found::default()
        };
        assert_eq!(judged(behind("another start".to_owned())), Ok(()));
        assert!(matches!(judged(behind(anchor::boot_id())), Err(AnchorError::Foreign { .. })));
    }
}
