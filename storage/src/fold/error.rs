//! Reasons for which a command is not folded.

use crate::change::ChangeError;
use crate::database::Unavailable;
use crate::outcome::CancelError;

/// The reason for which a command is not folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The client asks for something impossible.
    #[error(transparent)]
    Client(#[from] CancelError),
    /// A request's change cannot be made, or not at present.
    #[error("{error}")]
    Change {
        /// The reason for the refusal.
        error: ChangeError,
        /// True if the draft may hold a part of the change.
        halfway: bool,
    },
    /// Something could not be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl FoldError {
    /// The error that the client of a cancellation or replacement gets.
    pub fn for_client(self) -> CancelError {
        match self {
            Self::Client(error) => error,
            Self::Change { .. } | Self::Unavailable(_) => CancelError::Unavailable,
        }
    }

    /// The error that the sender of a provision command gets.
    pub fn for_operations(self) -> Unavailable {
        match self {
            Self::Client(error) => Unavailable(error.to_string()),
            Self::Change { error, .. } => Unavailable(error.to_string()),
            Self::Unavailable(error) => error,
        }
    }

    /// The error that the sender of a change gets.
    pub fn for_change(self) -> ChangeError {
        match self {
            Self::Change { error, .. } => error,
            other => ChangeError::Unavailable(other.for_operations()),
        }
    }

    /// True if the draft may hold a part of the command.
    pub const fn is_halfway(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Change { halfway: true, .. })
    }
}
