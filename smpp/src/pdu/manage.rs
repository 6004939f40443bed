//! query_sm, cancel_sm and replace_sm (SMPP 3.4 §4.8 to §4.10): rare, so rusmpp reads them.
//!
//! Each is decoded from a copy of its own frame, mandatory fields only; what follows them is looked through
//! by our own lenient reader, since rusmpp stops at a stray octet there.

use bytes::BytesMut;
use rusmpp::decode::{Decode, DecodeError, DecodeWithLength};
use rusmpp::fields::SmppField;
use rusmpp::pdus::{CancelSm, QuerySm, ReplaceSm};
use rusmpp::values::{Npi, Ton};
use rusmpp::{CommandId, CommandStatus};

use super::message_id;
use super::{Address, SmppTime, Tlvs};
use crate::handler::{MessageRef, Replacement, RequestOutcome, SessionHandler};

/// A request about a message that was submitted before.
#[derive(Debug)]
pub(crate) enum ManageRequest {
    Query(QuerySm),
    Cancel(CancelSm),
    Replace {
        request: ReplaceSm,
        /// The optional parameters.
        behind: BytesMut,
    },
}

/// The filters of a list of status names a bad field.
const STATUS_BY_FIELD: [(SmppField, CommandStatus); 8] = [
    (SmppField::message_id, CommandStatus::EsmeRinvmsgid),
    (SmppField::service_type, CommandStatus::EsmeRinvsertyp),
    (SmppField::source_addr, CommandStatus::EsmeRinvsrcadr),
    (SmppField::destination_addr, CommandStatus::EsmeRinvdstadr),
    (SmppField::schedule_delivery_time, CommandStatus::EsmeRinvsched),
    (SmppField::validity_period, CommandStatus::EsmeRinvexpiry),
    (SmppField::sm_length, CommandStatus::EsmeRinvmsglen),
    (SmppField::short_message, CommandStatus::EsmeRinvmsglen),
];

impl ManageRequest {
    /// Decodes the body of a `command` that is one of the three. The error is the `command_status`
    /// to answer with.
    pub(crate) fn decode(command: CommandId, body: &[u8]) -> Result<Self, CommandStatus> {
        let mut body = BytesMut::from(body);
        match command {
            CommandId::QuerySm => Decode::decode(&mut body).map(|(request, _)| Self::Query(request)),
            CommandId::CancelSm => Decode::decode(&mut body).map(|(request, _)| Self::Cancel(request)),
            // A length of zero leaves the optional parameters in `body`.
            _ => ReplaceSm::decode(&mut body, 0).map(|(request, _)| Self::Replace { request, behind: body }),
        }
        .map_err(|error| status_of(&error))
    }

    /// Asks the handler. The outcome may be a refusal of ours, where a replacement's text is not clear.
    pub(crate) fn ask(&self, handler: &mut impl SessionHandler, now: u64, sequence: u32) -> RequestOutcome {
        match self {
            Self::Query(request) => handler.query(sequence, query_ref(request)),
            Self::Cancel(request) => handler.cancel(now, sequence, cancel_ref(request)),
            Self::Replace { request, behind } => match replacement(request, Tlvs::new(behind)) {
                Ok(new) => handler.replace(now, sequence, replace_ref(request), new),
                Err(status) => RequestOutcome::Refused(status.into()),
            },
        }
    }
}

fn status_of(error: &DecodeError) -> CommandStatus {
    STATUS_BY_FIELD
        .into_iter()
        .find(|(field, _)| error.field_exists(*field))
        .map_or(CommandStatus::EsmeRinvcmdlen, |(_, status)| status)
}

fn query_ref(request: &QuerySm) -> MessageRef<'_> {
    MessageRef {
        message_id: message_id::parse(text(&request.message_id)),
        id_empty: request.message_id.is_empty(),
        service_type: &[],
        source: address(request.source_addr_ton, request.source_addr_npi, &request.source_addr),
        destination: None,
    }
}

fn cancel_ref(request: &CancelSm) -> MessageRef<'_> {
    MessageRef {
        message_id: message_id::parse(text(&request.message_id)),
        id_empty: request.message_id.is_empty(),
        service_type: text(request.service_type.value()),
        source: address(request.source_addr_ton, request.source_addr_npi, &request.source_addr),
        destination: Some(address(request.dest_addr_ton, request.dest_addr_npi, &request.destination_addr)),
    }
}

fn replace_ref(request: &ReplaceSm) -> MessageRef<'_> {
    MessageRef {
        message_id: message_id::parse(text(&request.message_id)),
        id_empty: request.message_id.is_empty(),
        service_type: &[],
        source: address(request.source_addr_ton, request.source_addr_npi, &request.source_addr),
        destination: None,
    }
}

/// The new text and settings, by the same rules as a submit's.
fn replacement<'a>(request: &'a ReplaceSm, tlvs: Tlvs<'a>) -> Result<Replacement<'a>, CommandStatus> {
    let (schedule, validity) = (text(&request.schedule_delivery_time), text(&request.validity_period));
    SmppTime::parse(schedule).map_err(|_| CommandStatus::EsmeRinvsched)?;
    SmppTime::parse(validity).map_err(|_| CommandStatus::EsmeRinvexpiry)?;
    let body = tlvs.summarise().text(request.short_message())?;
    Ok(Replacement { schedule, validity, registered_delivery: u8::from(request.registered_delivery), body })
}

fn address(ton: Ton, npi: Npi, digits: &[u8]) -> Address<'_> {
    Address { ton: ton.into(), npi: npi.into(), digits: text(digits) }
}

/// A C-Octet String without its NUL.
fn text(field: &[u8]) -> &[u8] {
    field.strip_suffix(b"\0").unwrap_or(field)
}
