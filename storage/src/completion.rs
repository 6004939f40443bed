//! What everyone who sent a command is told, once it is known whether the commit is durable.

use crate::batch::Batch;
use crate::command::Command;
use crate::database::Unavailable;
use crate::delivery::DeliveryResult;
use crate::fold::{Changes, FoldError, Folded};

/// The next commit, and what its commands come to.
pub struct Drafted {
    pub batch: Batch,
    pub changes: Changes,
    pub completions: Vec<Completion>,
    /// Messages charged.
    pub messages: u32,
}

/// One command of a commit that is on its way to disk.
pub struct Completion {
    command: Command,
    folded: Folded,
}

impl Drafted {
    /// A command that is not in the batch is answered at once.
    pub fn new(
        (batch, changes): (Batch, Changes),
        commands: impl Iterator<Item = (Command, Result<Folded, FoldError>)>,
    ) -> Self {
        let mut completions = Vec::with_capacity(commands.size_hint().0);
        let mut messages = 0;
        for (command, folded) in commands {
            match folded {
                Ok(folded) => {
                    messages += command.charges();
                    completions.push(Completion { command, folded });
                }
                Err(error) => {
                    if let FoldError::Unavailable(reason) = &error {
                        tracing::error!(%reason, "a command cannot be folded");
                    }
                    command.fail(error);
                }
            }
        }
        Self { batch, changes, completions, messages }
    }
}

impl Completion {
    /// It is on disk.
    pub fn complete(self) {
        match (self.command, self.folded) {
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
            (Command::Charge(_) | Command::Deliver(_) | Command::Change(_) | Command::Provision(_), _) => {
                unreachable!("what a command folds to is of its own kind")
            }
        }
    }

    /// It is not.
    pub fn fail(self) {
        self.command.fail(Unavailable("the commit failed".to_owned()).into());
    }
}
