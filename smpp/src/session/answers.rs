//! Writes the handler's answers.

use std::time::Instant;

use rusmpp::CommandId;

use super::{ServerSession, State};
use crate::encode::{self, Found};
use crate::handler::{Answer, Reply};
use crate::pdu::WireId;
use crate::refused::put_refused;

impl ServerSession {
    /// Answers from the handler; takes them all.
    pub fn handle_answers(&mut self, now: Instant, answers: &mut Vec<Answer>) {
        let over = matches!(self.state, State::Closed(_));
        for answer in answers.drain(..).filter(|_| !over) {
            self.put_answer(&answer);
        }
        self.go_on_when_answered(now);
        self.review_input(now);
    }

    fn put_answer(&mut self, answer: &Answer) {
        let sequence = answer.sequence;
        let command = match command_of(&answer.reply) {
            Some(command) => {
                self.in_flight.settle(command, sequence);
                command
            }
            None => self.in_flight.settle_any(sequence),
        };
        let (resp, version, out) = (command.matching_response(), self.version, &mut self.output);
        match &answer.reply {
            Reply::Submitted { message_id, tlvs } | Reply::DataAccepted { message_id, tlvs } => {
                let tlvs = if version.knows_tlvs() { tlvs } else { &None };
                encode::put_accepted(out, resp, sequence, WireId::new(*message_id, version), tlvs);
            }
            Reply::SubmittedAs { message_id, .. } => {
                encode::put_accepted_as(out, resp, sequence, message_id);
            }
            Reply::MultiSubmitted { message_id, unsuccessful } => {
                let message_id = WireId::new(*message_id, version);
                encode::put_multi_accepted(out, sequence, message_id, unsuccessful);
            }
            Reply::Queried { message_id, final_date, message_state, error_code } => {
                let (message_state, error_code) = (*message_state, *error_code);
                let message_id = WireId::new(*message_id, version);
                let found = Found { message_id, final_date, message_state, error_code };
                encode::put_found(out, sequence, &found);
            }
            Reply::Explained { status, tlvs, .. } if version.knows_tlvs() => {
                encode::put_explained(out, resp, *status, sequence, tlvs);
            }
            Reply::Refused(status) | Reply::Explained { status, .. } => {
                put_refused(out, version, resp, *status, sequence);
            }
            Reply::Withheld { .. } => {}
            Reply::Cancelled | Reply::Replaced => encode::put_header_only(out, resp, 0, sequence),
        }
    }
}

/// The request that a reply answers; a refusal does not say.
fn command_of(reply: &Reply) -> Option<CommandId> {
    match reply {
        Reply::Explained { command, .. }
        | Reply::SubmittedAs { command, .. }
        | Reply::Withheld { command } => Some(*command),
        Reply::Submitted { .. } => Some(CommandId::SubmitSm),
        Reply::DataAccepted { .. } => Some(CommandId::DataSm),
        Reply::MultiSubmitted { .. } => Some(CommandId::SubmitMulti),
        Reply::Queried { .. } => Some(CommandId::QuerySm),
        Reply::Cancelled => Some(CommandId::CancelSm),
        Reply::Replaced => Some(CommandId::ReplaceSm),
        Reply::Refused(_) => None,
    }
}
