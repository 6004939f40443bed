//! Takes out of the queues what goes into one commit.

use crossbeam::channel::Receiver;

use crate::charge_queue::ChargeQueue;
use crate::command::Command;
use crate::commit_queue::Limits;

/// While an account has many times the messages of another, a commit is smaller by this, so that none waits long for
/// another's.
const UNEVEN_DIVISOR: usize = 16;

/// The commands of one commit: charges and others in turn, within the limits.
pub fn gather(
    first: Option<Command>,
    receiver: &Receiver<Option<Command>>,
    charges: &ChargeQueue,
    limits: Limits,
) -> Vec<Command> {
    let limits = if charges.is_uneven() { smaller(limits) } else { limits };
    let (mut messages, mut bytes, mut commands) = (0_usize, 0_usize, Vec::new());
    let mut waiting = first;
    loop {
        let others = waiting.take().or_else(|| receiver.try_iter().flatten().next());
        let charge = charges.next().map(Command::Charge);
        if others.is_none() && charge.is_none() {
            return commands;
        }
        for command in others.into_iter().chain(charge) {
            let size = command.size();
            (messages, bytes) = (messages.saturating_add(size.0), bytes.saturating_add(size.1));
            commands.push(command);
        }
        if messages.max(commands.len()) >= limits.batch_messages || bytes >= limits.batch_bytes {
            return commands;
        }
    }
}

fn smaller(limits: Limits) -> Limits {
    Limits {
        batch_messages: (limits.batch_messages / UNEVEN_DIVISOR).max(1),
        batch_bytes: (limits.batch_bytes / UNEVEN_DIVISOR).max(1),
        ..limits
    }
}
