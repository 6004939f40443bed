//! The commands that a daemon takes on its control socket, and the answers to them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A command for the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlCommand {
    /// Copies the database as it is at one commit.
    Checkpoint {
        /// The folder to make.
        folder: PathBuf,
    },
}

/// The answer to a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlAnswer {
    /// It is done.
    Done(bool),
    /// It is not done, for this reason.
    Error(String),
}
