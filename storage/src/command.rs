//! Commands for the single writer.

use std::fmt;

use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;

use crate::change::{Change, ProvisionChange, Provisioned};
use crate::chunk::{Chunk, CommitOutcome};
use crate::database::Unavailable;
use crate::delivery::DeliveryBatch;
use crate::fold::error::FoldError;
use crate::outcome::CancelError;
use crate::rows::{RefusalsRow, RefusedMessage};

/// Something for the single writer to do.
pub(crate) enum Command {
    Charge(Box<Chunk>),
    Cancel(Cancellation),
    Replace(Replacement),
    Deliver(DeliveryBatch),
    Change(Box<Change>),
    Provision(Provision),
    /// Messages that were refused, to be written down and counted.
    Refusals(Box<RefusalRecord>),
}

/// Messages that were refused, to be written down and counted.
pub struct RefusalRecord {
    /// The messages, and the counts of those that are not kept.
    pub row: RefusalsRow,
    /// Called once it is known what has become of them: with nothing where they are durable, and with the same row where nothing of
    /// it was written.
    pub done: Box<dyn FnOnce(Option<RefusalsRow>) + Send>,
}

impl fmt::Debug for RefusalRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusalRecord").field("row", &self.row).finish_non_exhaustive()
    }
}

/// A message to cancel and refund. The money comes back through
/// [`Durable::refunded`](crate::committer::Durable::refunded).
#[derive(Debug)]
pub struct Cancellation {
    /// The account of the message.
    pub account: AccountNumber,
    /// The id of the message.
    pub message_id: u64,
    /// The session's mark of the request.
    pub token: u64,
    /// The channel for the [`CommitOutcome::Cancelled`].
    pub reply: mpsc::UnboundedSender<CommitOutcome>,
}

/// New content for a message that no operator has been offered yet.
pub struct Replacement {
    /// The account of the message.
    pub account: AccountNumber,
    /// The id of the message.
    pub message_id: u64,
    /// The message as it is to be, by `Message::write_body`. What it was charged, and when it is due, stay as
    /// they are.
    pub body: Box<[u8]>,
    /// The session's mark of the request.
    pub token: u64,
    /// The channel for the [`CommitOutcome::Replaced`].
    pub reply: mpsc::UnboundedSender<CommitOutcome>,
}

impl fmt::Debug for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, message_id, .. } = self;
        f.debug_struct("Replacement")
            .field("account", account)
            .field("message_id", message_id)
            .finish_non_exhaustive()
    }
}

/// Accounts, operators and a tariff version that are about to be applied, by themselves.
#[derive(Debug)]
pub struct Provision {
    /// The accounts, operators and tariff version.
    pub change: ProvisionChange,
    /// Gets the numbers once they are durable.
    pub reply: oneshot::Sender<Result<Provisioned, Unavailable>>,
}

impl Command {
    /// Messages and bytes that it brings into a commit, roughly.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::Charge(chunk) => (chunk.count() as usize, chunk.bytes()),
            Self::Deliver(batch) => (batch.weight(), 0),
            Self::Change(change) => (0, change.bytes()),
            Self::Refusals(record) => {
                (0, record.row.messages.len().saturating_mul(size_of::<RefusedMessage>()))
            }
            Self::Cancel(_) | Self::Replace(_) | Self::Provision(_) => (0, 0),
        }
    }

    /// Messages that it charges: the room that it takes in the queue.
    pub(crate) fn charges(&self) -> u32 {
        match self {
            Self::Charge(chunk) => chunk.count(),
            _ => 0,
        }
    }

    /// True if a failed read may leave a part of it in the draft. The others change the draft as a whole or
    /// not at all.
    pub(crate) fn folds_in_parts(&self) -> bool {
        matches!(self, Self::Cancel(_) | Self::Replace(_) | Self::Deliver(_) | Self::Change(_))
    }

    /// Answers that nothing was done: the committer is latched.
    pub(crate) fn refuse(self) {
        self.fail(Unavailable("writes are refused until storage recovers".to_owned()).into());
    }

    /// Says that it is not known whether this was done. The command itself stays until it is.
    pub(crate) fn in_doubt(&mut self) {
        match self {
            Self::Charge(chunk) => chunk.in_doubt(),
            Self::Cancel(Cancellation { reply, .. }) | Self::Replace(Replacement { reply, .. }) => {
                let _ = reply.send(CommitOutcome::InDoubt);
            }
            Self::Change(change) => change.in_doubt(),
            // Whoever hands these over waits for the outcome, however long that takes.
            Self::Deliver(_) | Self::Provision(_) | Self::Refusals(_) => {}
        }
    }

    /// Answers that nothing was done, and why.
    pub(crate) fn fail(self, why: FoldError) {
        match self {
            Self::Charge(chunk) => chunk.fail(),
            Self::Cancel(cancellation) => cancellation.answer(Err(why.for_client())),
            Self::Replace(replacement) => replacement.answer(Err(why.for_client())),
            Self::Deliver(batch) => batch.refuse(),
            Self::Change(change) => change.fail(why.for_change()),
            Self::Provision(provision) => drop(provision.reply.send(Err(why.for_operations()))),
            Self::Refusals(record) => (record.done)(Some(record.row)),
        }
    }
}

impl Cancellation {
    pub(crate) fn answer(self, result: Result<(), CancelError>) {
        let _ = self.reply.send(CommitOutcome::Cancelled { token: self.token, result });
    }
}

impl Replacement {
    pub(crate) fn answer(self, result: Result<(), CancelError>) {
        let _ = self.reply.send(CommitOutcome::Replaced { token: self.token, result });
    }
}
