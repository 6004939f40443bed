//! The anchor of a directory that is open for writing: what is written around a commit, by its setting.

use std::io;

use super::AnchorFiles;
use super::periodic::PeriodicAnchor;
use super::slot::State;
use crate::store_options::{AnchorMode, Durability};
use crate::sums::CommitRow;

/// Writes the anchor with every commit, or behind them.
#[derive(Debug)]
pub enum AnchorWriter {
    /// Each commit waits for it.
    EveryCommit(AnchorFiles),
    /// No commit waits for it.
    Periodic(PeriodicAnchor),
}

impl AnchorWriter {
    /// Begins with the last commit in the log. What the slots said before, in whichever mode, is written over.
    pub fn start(files: AnchorFiles, mode: AnchorMode, last: &CommitRow) -> io::Result<Self> {
        match mode {
            AnchorMode::EveryCommit => {
                files.begin(State::Confirmed, last, Durability::Sync)?;
                Ok(Self::EveryCommit(files))
            }
            AnchorMode::Periodic(interval) => {
                PeriodicAnchor::start(files, interval, last).map(Self::Periodic)
            }
        }
    }

    /// The step before a commit goes to the log.
    pub fn before_log(&self, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        match self {
            Self::EveryCommit(files) if durability == Durability::Sync => files.announce(commit),
            _ => Ok(()),
        }
    }

    /// The step between the log and the answers.
    pub fn after_log(&self, commit: &CommitRow, durability: Durability) -> io::Result<()> {
        match self {
            Self::EveryCommit(files) => files.confirm(commit, durability),
            Self::Periodic(anchor) => {
                anchor.reached(commit, durability);
                Ok(())
            }
        }
    }

    /// After a failed write: the log was read again, and ends with this commit.
    pub fn settle(&self, last: &CommitRow) -> io::Result<()> {
        match self {
            Self::EveryCommit(files) => files.settle(last),
            Self::Periodic(anchor) => {
                anchor.reached(last, Durability::Sync);
                Ok(())
            }
        }
    }
}
