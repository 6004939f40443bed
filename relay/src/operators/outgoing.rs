//! A message as its operator wants it: number format, registered delivery, and the field that the text stands in.

use tollgate_smpp::link::OutboundSubmit;
use tollgate_smpp::pdu::{Address, Tlvs};
use tollgate_storage::message::Message;

use tollgate_provisioning::{LongMessages, NumberFormat, OperatorSmpp};
use tollgate_smpp::pdu::time::format_time;

use crate::delivery::receipt_request::registered_delivery;

/// TON international and NPI ISDN (SMPP 3.4 §5.2.5, §5.2.6).
const INTERNATIONAL: u8 = 1;
const ISDN: u8 = 1;
const NATIONAL: u8 = 2;
/// The longest short_message (SMPP 3.4 §5.2.21).
const SHORT_MESSAGE_MAX: usize = 254;

/// Buffers of the fields that are made anew for each message.
#[derive(Debug, Default)]
pub struct Scratch {
    digits: Vec<u8>,
    validity: Vec<u8>,
}

/// The submit_sm for one operator.
pub fn submit<'a>(
    message: &Message<'a>,
    smpp: &OperatorSmpp,
    scratch: &'a mut Scratch,
) -> OutboundSubmit<'a> {
    let (ticket, content) = (&message.ticket, &message.content);
    let (ton, npi) = write_number(message, &smpp.number_format, &mut scratch.digits);
    scratch.validity.clear();
    if let Some(expires_at) = content.expires_at {
        scratch.validity.extend_from_slice(&format_time(expires_at.0));
    }
    let in_payload = content.payload.len() > SHORT_MESSAGE_MAX
        || match smpp.long_messages {
            LongMessages::AsSubmitted => content.in_payload,
            // One of several parts is short by itself, and says so in a header that belongs in front of it.
            LongMessages::Payload => content.in_payload || ticket.segments > 1,
        };
    OutboundSubmit {
        service_type: content.service_type,
        source: Address { ton: ticket.source.ton, npi: ticket.source.npi, digits: ticket.source.digits },
        destination: Address { ton, npi, digits: &scratch.digits },
        esm_class: content.esm_class,
        protocol_id: content.protocol_id,
        priority_flag: content.priority_flag,
        // It is due when it is sent: the schedule was kept here.
        schedule: b"",
        validity: &scratch.validity,
        registered_delivery: registered_delivery(ticket, smpp),
        replace_if_present: content.replace_if_present,
        data_coding: content.data_coding,
        default_message_id: content.default_message_id,
        payload: content.payload,
        in_payload,
        tlvs: Tlvs::new(content.tlvs),
    }
}

fn write_number(message: &Message<'_>, format: &NumberFormat, digits: &mut Vec<u8>) -> (u8, u8) {
    digits.clear();
    let plain = message.ticket.destination.digits;
    match format {
        NumberFormat::AsSubmitted => {
            let to = message.content.submitted_to.unwrap_or(message.ticket.destination);
            digits.extend_from_slice(to.digits);
            return (to.ton, to.npi);
        }
        NumberFormat::International => digits.extend_from_slice(plain),
        NumberFormat::Plus => {
            digits.push(b'+');
            digits.extend_from_slice(plain);
        }
        NumberFormat::DoubleZero => {
            digits.extend_from_slice(b"00");
            digits.extend_from_slice(plain);
        }
        NumberFormat::National { calling_code } => {
            if let Some(national) = plain.strip_prefix(calling_code.as_bytes()) {
                digits.extend_from_slice(national);
                return (NATIONAL, ISDN);
            }
            digits.extend_from_slice(plain);
        }
    }
    (INTERNATIONAL, ISDN)
}
