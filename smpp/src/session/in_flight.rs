//! The requests that are not answered yet.
//!
//! A refusal from the handler names only a sequence number, yet its answer must carry the request's own
//! `command_id`. Nearly every request is a submit_sm, so only the others are remembered: what is not
//! remembered was a submit_sm, and the usual message costs one addition. A peer that uses one sequence number
//! for two kinds of request at one time may get a refusal under the other's name; it gets one answer for each
//! all the same.

use std::collections::BTreeMap;

use rusmpp::CommandId;

#[derive(Debug, Default)]
pub(super) struct InFlight {
    count: u32,
    /// The number of requests other than submit_sm that wait, by sequence number and command.
    uncommon: BTreeMap<(u32, CommandId), u32>,
}

impl InFlight {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn add(&mut self, command: CommandId, sequence: u32) {
        self.count += 1;
        if command != CommandId::SubmitSm {
            *self.uncommon.entry((sequence, command)).or_default() += 1;
        }
    }

    /// Takes out a request of a known command.
    pub(super) fn settle(&mut self, command: CommandId, sequence: u32) {
        self.count = self.count.saturating_sub(1);
        if let Some(count) = self.uncommon.get_mut(&(sequence, command)) {
            *count -= 1;
            if *count == 0 {
                self.uncommon.remove(&(sequence, command));
            }
        }
    }

    /// Takes out a request of whichever command it was.
    pub(super) fn settle_any(&mut self, sequence: u32) -> CommandId {
        let mut from_here = self.uncommon.range((sequence, CommandId::BindReceiver)..);
        let remembered = from_here.next().filter(|((of, _), _)| *of == sequence);
        let command = remembered.map_or(CommandId::SubmitSm, |((_, command), _)| *command);
        self.settle(command, sequence);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_finds_the_command_it_answers() {
        let mut in_flight = InFlight::default();
        for (command, sequence) in [
            (CommandId::SubmitSm, 1),
            (CommandId::DataSm, 2),
            (CommandId::QuerySm, 3),
            (CommandId::DataSm, 2),
            (CommandId::SubmitSm, 3),
        ] {
            in_flight.add(command, sequence);
        }
        assert_eq!(in_flight.settle_any(1), CommandId::SubmitSm);
        assert_eq!(in_flight.settle_any(2), CommandId::DataSm);
        in_flight.settle(CommandId::DataSm, 2);
        assert_eq!(in_flight.settle_any(3), CommandId::QuerySm);
        assert_eq!(in_flight.settle_any(3), CommandId::SubmitSm);
        assert_eq!((in_flight.count(), in_flight.uncommon.len()), (0, 0));
    }
}
