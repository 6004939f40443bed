//! The handling of each PDU of the operator, by `command_id` and state (SMPP 3.4 §2.3).

use std::time::Instant;

use rusmpp::tlvs::TlvTag;
use rusmpp::{CommandId, CommandStatus};

use super::{Delivered, LinkSession, State, VERSION_WITH_TLVS};
use crate::frame::{Frame, Header};
use crate::link::{LinkDown, LinkHandler, SubmitAnswer};
use crate::pdu::{Deliver, Tlvs};
use crate::receipt::ID_LENGTH_MAX;
use crate::refused::put_delivered;

impl LinkSession {
    /// One whole PDU. To be called only while [`Self::wants_input`].
    pub(super) fn handle_frame(&mut self, now: Instant, frame: Frame<'_>, handler: &mut impl LinkHandler) {
        self.counts.frames += 1;
        self.timers.received(now);
        let Header { command, status, sequence } = frame.header;
        match command {
            CommandId::SubmitSmResp => self.submit_answered(sequence, status, frame.body, handler),
            CommandId::DeliverSm | CommandId::DataSm => self.deliver(frame, handler),
            CommandId::EnquireLink => {
                self.respond(CommandId::EnquireLinkResp, CommandStatus::EsmeRok, sequence);
            }
            CommandId::EnquireLinkResp if self.enquiry == Some(sequence) => self.enquiry_answered(),
            CommandId::BindTransmitterResp | CommandId::BindReceiverResp | CommandId::BindTransceiverResp
                if self.state == State::Binding =>
            {
                self.bind_answered(now, status, frame.body, handler);
            }
            CommandId::GenericNack => self.nacked(now, sequence, status, handler),
            CommandId::Unbind => self.peer_unbinds(now, sequence),
            CommandId::UnbindResp if self.state == (State::UnbindSent { sequence }) => {
                self.close(LinkDown::Stopped);
            }
            // They want no answer, and have nothing that we could use.
            CommandId::AlertNotification | CommandId::Outbind => {}
            response if response.is_response() => self.counts.unknown_responses += 1,
            _ => {
                self.counts.unknown_commands += 1;
                self.respond(CommandId::GenericNack, CommandStatus::EsmeRinvcmdid, sequence);
            }
        }
    }

    /// The id is what stands before the NUL, or all there is; errors mostly have no body.
    fn submit_answered(&mut self, sequence: u32, status: u32, body: &[u8], handler: &mut impl LinkHandler) {
        let Some(waiting) = self.submits.remove(sequence) else {
            self.counts.late_responses += 1;
            return;
        };
        self.counts.responses += 1;
        let message_id = split_at_nul(body).0;
        let message_id = message_id.get(..ID_LENGTH_MAX).unwrap_or(message_id);
        handler.responded(waiting.token, SubmitAnswer::Response { status, message_id });
    }

    fn enquiry_answered(&mut self) {
        self.enquiry = None;
        self.timers.enquiry_answered();
    }

    /// Only one request is out then, so whatever answers is meant for it.
    fn bind_answered(&mut self, now: Instant, status: u32, body: &[u8], handler: &mut impl LinkHandler) {
        if status != CommandStatus::EsmeRok.into() {
            self.close(LinkDown::BindRefused(status));
            return;
        }
        let tlvs = Tlvs::new(split_at_nul(body).1);
        let version = tlvs.get(TlvTag::ScInterfaceVersion.into()).and_then(<[u8]>::last);
        // Many say nothing, and know optional parameters all the same.
        self.knows_tlvs &= version.is_none_or(|version| *version >= VERSION_WITH_TLVS);
        self.state = State::Bound;
        self.was_bound = true;
        self.timers.bound(now);
        handler.bound();
    }

    /// A generic_nack in place of a response. One that says ESME_ROK is an error like any other.
    fn nacked(&mut self, now: Instant, sequence: u32, status: u32, handler: &mut impl LinkHandler) {
        let status = if status == 0 { CommandStatus::EsmeRunknownerr.into() } else { status };
        match self.state {
            State::Binding => self.bind_answered(now, status, &[], handler),
            State::UnbindSent { sequence: ours } if ours == sequence => self.close(LinkDown::Stopped),
            _ if self.enquiry == Some(sequence) => self.enquiry_answered(),
            _ if self.submits.contains(sequence) => self.submit_answered(sequence, status, &[], handler),
            _ => self.counts.unknown_responses += 1,
        }
    }

    /// Hands a message on under a number of our own.
    fn deliver(&mut self, frame: Frame<'_>, handler: &mut impl LinkHandler) {
        let Header { command, sequence, .. } = frame.header;
        let read = self.may_deliver().and_then(|()| Deliver::parse(command, sequence, frame.body));
        match read {
            Ok(mut deliver) => {
                self.counts.delivers += 1;
                deliver.sequence = self.delivers.add(Delivered { sequence, command });
                handler.deliver(&deliver);
            }
            Err(status) => {
                self.counts.delivers_refused += 1;
                put_delivered(&mut self.output, command.matching_response(), status.into(), sequence);
            }
        }
    }

    /// Also on a transmitter: an operator that sends receipts there is not to lose them. While we leave, it
    /// is asked to come again later.
    fn may_deliver(&self) -> Result<(), CommandStatus> {
        match self.state {
            State::Bound => Ok(()),
            State::Draining | State::UnbindSent { .. } => Err(CommandStatus::EsmeRxTAppn),
            State::Binding | State::Left | State::Closed(_) => Err(CommandStatus::EsmeRinvbndsts),
        }
    }
}

/// Splits a body at its first NUL.
fn split_at_nul(body: &[u8]) -> (&[u8], &[u8]) {
    let length = body.iter().position(|octet| *octet == 0).unwrap_or(body.len());
    let (before, rest) = body.split_at_checked(length).unwrap_or((body, &[]));
    (before, rest.get(1..).unwrap_or_default())
}
