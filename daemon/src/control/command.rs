//! The commands that a daemon takes on its control socket, and the answers to them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api_call::{ApiCall, ApiReply};

/// A command for the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ControlCommand {
    /// Copies the database as it is at one commit.
    Checkpoint {
        /// The folder to make.
        folder: PathBuf,
    },
    /// Answers a request of the management API as one of an admin.
    Call(ApiCall),
}

/// The answer to a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlAnswer {
    /// It is done.
    Done(bool),
    /// It is a request, which the API has answered.
    Reply(ApiReply),
    /// It is not done, for this reason.
    Error(String),
}
