//! Answers of the committer to a session.

/// The reason for which a message cannot be cancelled or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// The account has no such message.
    #[error("no such message")]
    Unknown,
    /// The message has reached a final state, or an operator has it or may have it.
    #[error("the message is in a final state, or has been handed to an operator")]
    Final,
    /// The change could not be made durable.
    #[error("storage is unavailable")]
    Unavailable,
}
