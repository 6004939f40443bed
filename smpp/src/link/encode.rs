//! Writes what a client sends behind one another into a link's output, without an allocation per message.

use bytes::{BufMut, BytesMut};
use rusmpp::CommandId;
use rusmpp::tlvs::TlvTag;

use super::{CannotSend, LinkConfig, OutboundSubmit};
use crate::encode::put_header_only;
use crate::pdu::{ADDRESS_LENGTH_MAX, Address};

const SERVICE_TYPE_LENGTH_MAX: usize = 5;
const TIME_LENGTH_MAX: usize = 16;
/// The most that a short_message holds (SMPP 3.4 §4.4.1).
const SHORT_MESSAGE_LENGTH_MAX: usize = 254;
const TLV_LENGTH_MAX: usize = 0xFFFF;

/// A bind_transmitter, bind_receiver or bind_transceiver (SMPP 3.4 §4.1).
pub(super) fn put_bind(out: &mut BytesMut, sequence: u32, config: &LinkConfig) {
    put_pdu(out, config.mode.command(), sequence, |out| {
        for text in [&config.system_id, &config.password, &config.system_type] {
            put_text(out, text);
        }
        out.put_slice(&[config.interface_version, 0, 0]);
        put_text(out, &config.address_range);
    });
}

/// A submit_sm, or nothing at all where it cannot be sent. Without `knows_tlvs` it has no optional
/// parameters.
pub(super) fn put_submit(
    out: &mut BytesMut,
    sequence: u32,
    message: &OutboundSubmit<'_>,
    knows_tlvs: bool,
) -> Result<(), CannotSend> {
    check_fields(message)?;
    let (short_message, payload) = place_text(message, knows_tlvs)?;
    put_pdu(out, CommandId::SubmitSm, sequence, |out| {
        put_c_octets(out, message.service_type);
        put_address(out, message.source);
        put_address(out, message.destination);
        out.put_slice(&[message.esm_class, message.protocol_id, message.priority_flag]);
        put_c_octets(out, message.schedule);
        put_c_octets(out, message.validity);
        let octets = [message.registered_delivery, message.replace_if_present, message.data_coding];
        out.put_slice(&octets);
        out.put_slice(&[message.default_message_id, u8::try_from(short_message.len()).unwrap_or(u8::MAX)]);
        out.put_slice(short_message);
        if knows_tlvs {
            put_tlvs(out, message);
        }
        if let Some(payload) = payload {
            put_tlv(out, TlvTag::MessagePayload.into(), payload);
        }
    });
    Ok(())
}

/// The text as short_message and as message_payload, one of which is empty.
fn place_text<'a>(
    message: &OutboundSubmit<'a>,
    knows_tlvs: bool,
) -> Result<(&'a [u8], Option<&'a [u8]>), CannotSend> {
    let text = message.payload;
    let is_short = text.len() <= SHORT_MESSAGE_LENGTH_MAX;
    let as_short = text.is_empty() || !message.in_payload || !knows_tlvs;
    match () {
        () if is_short && as_short => Ok((text, None)),
        () if knows_tlvs && text.len() <= TLV_LENGTH_MAX => Ok((&[], Some(text))),
        () => Err(CannotSend::PayloadTooLong(text.len())),
    }
}

fn check_fields(message: &OutboundSubmit<'_>) -> Result<(), CannotSend> {
    let fields = [
        ("service_type", message.service_type, SERVICE_TYPE_LENGTH_MAX),
        ("source_addr", message.source.digits, ADDRESS_LENGTH_MAX),
        ("destination_addr", message.destination.digits, ADDRESS_LENGTH_MAX),
        ("schedule_delivery_time", message.schedule, TIME_LENGTH_MAX),
        ("validity_period", message.validity, TIME_LENGTH_MAX),
    ];
    let bad = fields.iter().find(|(_, field, length_max)| field.len() > *length_max || field.contains(&0));
    bad.map_or(Ok(()), |(name, ..)| Err(CannotSend::Field(name)))
}

fn put_tlvs(out: &mut BytesMut, message: &OutboundSubmit<'_>) {
    for tlv in message.tlvs {
        if tlv.tag != u16::from(TlvTag::MessagePayload) {
            put_tlv(out, tlv.tag, tlv.value);
        }
    }
}

fn put_tlv(out: &mut BytesMut, tag: u16, value: &[u8]) {
    out.put_u16(tag);
    out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
    out.put_slice(value);
}

fn put_address(out: &mut BytesMut, address: Address<'_>) {
    out.put_slice(&[address.ton, address.npi]);
    put_c_octets(out, address.digits);
}

fn put_c_octets(out: &mut BytesMut, octets: &[u8]) {
    out.put_slice(octets);
    out.put_u8(0);
}

/// A configured text; what lies behind a NUL could not be told from the next field.
fn put_text(out: &mut BytesMut, text: &str) {
    put_c_octets(out, text.split('\0').next().unwrap_or_default().as_bytes());
}

/// A header, whatever `put_body` writes, and then the length of both.
fn put_pdu(out: &mut BytesMut, command: CommandId, sequence: u32, put_body: impl FnOnce(&mut BytesMut)) {
    let begin = out.len();
    put_header_only(out, command, 0, sequence);
    put_body(out);
    let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(begin..).and_then(<[u8]>::first_chunk_mut) {
        *field = length.to_be_bytes();
    }
}
