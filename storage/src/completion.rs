//! Answers to the senders of commands, once it is known if the commit is durable.

use crate::batch::Batch;
use crate::chunk::Chunk;
use crate::command::Command;
use crate::database::Unavailable;
use crate::delivery::DeliveryResult;
use crate::fold::{Changes, FoldError, Folded};
use crate::sums::SumChanges;

/// The next commit, and the results of its commands.
pub struct Drafted {
    pub batch: Batch,
    pub changes: Changes,
    /// The sums that it leaves, once it has any: a commit that changes nothing has none.
    pub sums: Option<SumChanges>,
    pub completions: Vec<Completion>,
    /// The number of messages charged.
    pub messages: u32,
}

/// One command that waits for a commit: what it comes to once that is on disk, or why it is not part of it.
pub struct Completion {
    command: Command,
    folded: Result<Folded, FoldError>,
}

impl Drafted {
    /// A command that is refused waits for the commit too, so that nothing is written any more once it is answered: charges
    /// that are counted for usage go with any commit.
    pub fn new(
        (batch, changes): (Batch, Changes),
        commands: impl Iterator<Item = (Command, Result<Folded, FoldError>)>,
    ) -> Self {
        let mut completions = Vec::with_capacity(commands.size_hint().0);
        let mut messages = 0;
        for (command, folded) in commands {
            match &folded {
                Ok(_) => messages += command.charges(),
                Err(FoldError::Unavailable(reason)) => {
                    tracing::error!(%reason, "a command cannot be folded");
                }
                Err(_) => {}
            }
            completions.push(Completion { command, folded });
        }
        Self { batch, changes, sums: None, completions, messages }
    }
}

impl Completion {
    /// The chunk, where it is one of charges that are in the commit.
    pub fn charged(&self) -> Option<&Chunk> {
        match (&self.command, &self.folded) {
            (Command::Charge(chunk), Ok(_)) => Some(chunk),
            _ => None,
        }
    }

    /// The commit is on disk.
    pub fn complete(self) {
        let folded = match self.folded {
            Ok(folded) => folded,
            Err(error) => return self.command.fail(error),
        };
        match (self.command, folded) {
            (Command::Charge(chunk), Folded::Charged { first_visible_id }) => {
                chunk.complete(first_visible_id);
            }
            (Command::Cancel(cancellation), _) => cancellation.answer(Ok(())),
            (Command::Replace(replacement), _) => replacement.answer(Ok(())),
            (Command::Deliver(batch), Folded::Delivered(outcomes)) => {
                (batch.done)(DeliveryResult::Durable(outcomes));
            }
            (Command::Change(change), Folded::Changed(changed)) => change.complete(changed),
            (Command::Provision(provision), Folded::Provisioned(provisioned)) => {
                let _ = provision.reply.send(Ok(provisioned));
            }
            (Command::Refusals(record), _) => (record.done)(None),
            (Command::Charge(_) | Command::Deliver(_) | Command::Change(_) | Command::Provision(_), _) => {
                unreachable!("what a command folds to is of its own kind")
            }
        }
    }

    /// It is not known whether the commit is on disk, and this takes longer than clients are kept waiting.
    pub fn in_doubt(&mut self) {
        self.command.in_doubt();
    }

    /// The commit is not on disk.
    pub fn fail(self) {
        let commit_failed = || Unavailable("the commit failed".to_owned()).into();
        self.command.fail(self.folded.err().unwrap_or_else(commit_failed));
    }
}
