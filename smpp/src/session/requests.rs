//! The handling of each PDU of the peer, by `command_id` and state (SMPP 3.4 §2.3).

use std::time::Instant;

use rusmpp::{CommandId, CommandStatus};

use super::{Action, CloseReason, ServerSession, State};
use crate::frame::Frame;
use crate::handler::{BindMode, BindRequest, RequestOutcome};
use crate::pdu::{ManageRequest, Submit, SubmitKind};
use crate::version::Version;

impl ServerSession {
    /// One whole PDU. To be called only while [`Self::wants_input`].
    pub(super) fn handle_frame<'a>(&mut self, now: Instant, frame: Frame<'a>) -> Action<'a> {
        self.counts.frames += 1;
        self.timers.received(now);
        let (command, sequence) = (frame.header.command, frame.header.sequence);
        match command {
            CommandId::SubmitSm => return self.submit(SubmitKind::SubmitSm, frame),
            CommandId::DataSm => return self.submit(SubmitKind::DataSm, frame),
            CommandId::SubmitMulti => return self.submit(SubmitKind::SubmitMulti, frame),
            CommandId::QuerySm | CommandId::CancelSm | CommandId::ReplaceSm => return self.manage(frame),
            CommandId::BindTransmitter => return self.bind(now, BindMode::Transmitter, frame),
            CommandId::BindReceiver => return self.bind(now, BindMode::Receiver, frame),
            CommandId::BindTransceiver => return self.bind(now, BindMode::Transceiver, frame),
            CommandId::EnquireLink => {
                self.respond(CommandId::EnquireLinkResp, CommandStatus::EsmeRok, sequence);
            }
            CommandId::Unbind => self.unbind(now, sequence),
            // Only we may send it, and an answer has a name of its own.
            CommandId::DeliverSm => self.refuse_in_state(command, CommandStatus::EsmeRinvbndsts, sequence),
            response if response.is_response() => {
                self.response(now, response, frame.header.status, sequence);
            }
            _ => {
                self.counts.unknown_commands += 1;
                self.respond(CommandId::GenericNack, CommandStatus::EsmeRinvcmdid, sequence);
            }
        }
        Action::Nothing
    }

    /// Handles the immediate outcome of a request.
    pub(super) fn handle_outcome(&mut self, command: CommandId, sequence: u32, outcome: RequestOutcome) {
        match outcome {
            RequestOutcome::Pending => self.in_flight.add(command, sequence),
            RequestOutcome::Refused(status) => self.refuse(command, status, sequence),
        }
    }

    fn submit<'a>(&mut self, kind: SubmitKind, frame: Frame<'a>) -> Action<'a> {
        let sequence = frame.header.sequence;
        if let Err(status) = self.may_submit() {
            self.refuse_in_state(kind.command(), status, sequence);
            return Action::Nothing;
        }
        match Submit::parse(kind, sequence, frame.body) {
            Ok(submit) => {
                self.counts.tlvs_dropped += u64::from(submit.tlvs_dropped);
                Action::Submit(submit)
            }
            Err(status) => self.refuse_malformed(kind.command(), status, sequence),
        }
    }

    fn manage<'a>(&mut self, frame: Frame<'a>) -> Action<'a> {
        let (command, sequence) = (frame.header.command, frame.header.sequence);
        if let Err(status) = self.may_submit() {
            self.refuse_in_state(command, status, sequence);
            return Action::Nothing;
        }
        match ManageRequest::decode(command, frame.body) {
            Ok(request) => Action::Manage { command, sequence, request },
            Err(status) => self.refuse_malformed(command, status, sequence),
        }
    }

    fn bind<'a>(&mut self, now: Instant, mode: BindMode, frame: Frame<'a>) -> Action<'a> {
        let sequence = frame.header.sequence;
        if self.state != State::Open {
            self.refuse_bind(mode, CommandStatus::EsmeRalybnd, sequence);
            return Action::Nothing;
        }
        match BindRequest::parse(mode, frame.body) {
            Ok(request) => {
                self.version = Version::of(request.interface_version);
                self.state = State::Binding { mode, sequence };
                self.timers.transition_begins(now);
                Action::Bind(request)
            }
            Err(status) => {
                self.counts.binds_refused += 1;
                self.refuse_malformed(mode.command(), status, sequence)
            }
        }
    }

    fn unbind(&mut self, now: Instant, sequence: u32) {
        match self.state {
            State::Bound(_) | State::Draining(_) => {
                self.finish(now, Some(sequence), CloseReason::PeerUnbound);
            }
            State::UnbindSent { reason, .. } => {
                self.respond(CommandId::UnbindResp, CommandStatus::EsmeRok, sequence);
                self.close(reason);
            }
            _ => self.refuse_in_state(CommandId::Unbind, CommandStatus::EsmeRinvbndsts, sequence),
        }
    }

    /// A generic_nack is an answer too: some clients know no enquire_link from this side.
    fn response(&mut self, now: Instant, response: CommandId, status: u32, sequence: u32) {
        if self.delivery_answered(response, status, sequence) {
            self.go_on_when_answered(now);
            return;
        }
        let nack = response == CommandId::GenericNack;
        match self.state {
            _ if (nack || response == CommandId::EnquireLinkResp) && self.enquiry == Some(sequence) => {
                self.enquiry = None;
                self.timers.enquiry_answered();
            }
            State::UnbindSent { sequence: ours, reason }
                if (nack || response == CommandId::UnbindResp) && sequence == ours =>
            {
                self.close(reason);
            }
            _ => self.counts.unknown_responses += 1,
        }
    }

    /// Refuses requests about messages in states that do not allow them. One that comes while the session
    /// is leaving gets the status after which clients send it again over their next session.
    fn may_submit(&self) -> Result<(), CommandStatus> {
        match self.state {
            State::Bound(BindMode::Transmitter | BindMode::Transceiver) => Ok(()),
            State::Draining(_) | State::UnbindSent { .. } => Err(CommandStatus::EsmeRsyserr),
            _ => Err(CommandStatus::EsmeRinvbndsts),
        }
    }

    fn refuse_in_state(&mut self, command: CommandId, status: CommandStatus, sequence: u32) {
        self.counts.wrong_state += 1;
        self.refuse(command, status, sequence);
    }

    fn refuse_malformed<'a>(
        &mut self,
        command: CommandId,
        status: CommandStatus,
        sequence: u32,
    ) -> Action<'a> {
        self.counts.malformed += 1;
        self.refuse(command, status, sequence);
        Action::Nothing
    }
}
