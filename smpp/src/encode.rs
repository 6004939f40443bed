//! Writes PDUs behind one another into an output buffer.
//!
//! The answers to submits, deliver_sm and everything that is a bare header are written by hand, a few
//! instructions each and no allocation, because there is one per message. rusmpp writes the rest.

use bytes::{BufMut, BytesMut};
use rusmpp::encode::{Length, owned::Encode};
use rusmpp::pdus::{
    BindReceiverResp, BindTransceiverResp, BindTransmitterResp, QuerySmResp, SubmitMultiResp,
};
use rusmpp::types::{COctetString, EmptyOrFullCOctetString};
use rusmpp::values::{InterfaceVersion, MessageState, UnsuccessSme};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};

use crate::frame::HEADER_LENGTH;
use crate::handler::{BindMode, Delivery, OwnedAddress, ReplyTlvs, UnsuccessfulDestination};
use crate::pdu::{ADDRESS_LENGTH_MAX, WireId};

const TLV_HEADER_LENGTH: usize = 4;
const TLV_LENGTH_MAX: usize = 0xFFFF;
/// The most octets of a text beside which no message_payload is needed (SMPP 3.4 §5.2.21).
const SHORT_MESSAGE_LENGTH_MAX: usize = 254;
const MESSAGE_PAYLOAD: u16 = 0x0424;
/// The most characters of an id (SMPP 3.4 §4.4.2).
const MESSAGE_ID_LENGTH_MAX: usize = 64;
/// The most destinations that a submit_multi has, and so the most that its answer names.
const DESTINATIONS_MAX: usize = 255;

/// A PDU without a body: most refusals, and the link's own requests and answers.
pub fn put_header_only(out: &mut BytesMut, command: CommandId, status: u32, sequence: u32) {
    put_header(out, HEADER_LENGTH, command, status, sequence);
}

/// A submit_sm_resp or data_sm_resp that says ESME_ROK.
pub(crate) fn put_accepted(
    out: &mut BytesMut,
    command: CommandId,
    sequence: u32,
    message_id: WireId,
    tlvs: &ReplyTlvs,
) {
    message_id.with_digits(|digits| {
        put_header(out, HEADER_LENGTH + digits.len() + 1 + tlvs_length(tlvs), command, 0, sequence);
        out.put_slice(digits);
        out.put_u8(0);
    });
    put_tlvs(out, tlvs);
}

/// A submit_sm_resp, data_sm_resp or submit_multi_resp that says ESME_ROK, with an id of any characters.
pub(crate) fn put_accepted_as(out: &mut BytesMut, command: CommandId, sequence: u32, message_id: &[u8]) {
    let no_destinations: &[u8] = if command == CommandId::SubmitMultiResp { &[0] } else { &[] };
    let message_id = before_nul(message_id, MESSAGE_ID_LENGTH_MAX);
    let length = HEADER_LENGTH + message_id.len() + 1 + no_destinations.len();
    put_header(out, length, command, 0, sequence);
    out.put_slice(message_id);
    out.put_u8(0);
    out.put_slice(no_destinations);
}

/// A deliver_sm. False, with nothing written, of a text that is too long for the peer.
pub(crate) fn put_delivery(out: &mut BytesMut, sequence: u32, delivery: &Delivery, knows_tlvs: bool) -> bool {
    let text = delivery.short_message.as_slice();
    let fits = text.len() <= SHORT_MESSAGE_LENGTH_MAX;
    if !fits && (!knows_tlvs || text.len() > TLV_LENGTH_MAX) {
        return false;
    }
    let (short, payload) = if fits { (text, None) } else { (&[][..], Some((MESSAGE_PAYLOAD, text))) };
    let own_tlvs = delivery.tlvs.iter().filter(|_| knows_tlvs).map(|(tag, value)| (*tag, value.as_slice()));
    let tlvs = own_tlvs.chain(payload).filter(|(_, value)| value.len() <= TLV_LENGTH_MAX);

    let header_at = out.len();
    put_header(out, HEADER_LENGTH, CommandId::DeliverSm, 0, sequence);
    out.put_u8(0); // service_type
    put_address(out, &delivery.source);
    put_address(out, &delivery.destination);
    // esm_class, protocol_id, priority_flag, schedule, validity, registered_delivery, replace_if_present,
    // data_coding, sm_default_msg_id
    out.put_slice(&[delivery.esm_class, 0, 0, 0, 0, 0, 0, delivery.data_coding, 0]);
    out.put_u8(u8::try_from(short.len()).unwrap_or(u8::MAX));
    out.put_slice(short);
    for (tag, value) in tlvs {
        put_tlv(out, tag, value);
    }
    let length = wire_length(out.len() - header_at);
    if let Some(first) = out.get_mut(header_at..).and_then(|pdu| pdu.first_chunk_mut::<4>()) {
        *first = length.to_be_bytes();
    }
    true
}

fn put_address(out: &mut BytesMut, address: &OwnedAddress) {
    out.put_u8(address.ton);
    out.put_u8(address.npi);
    out.put_slice(before_nul(&address.digits, ADDRESS_LENGTH_MAX));
    out.put_u8(0);
}

/// The part of `text` that a C-Octet String of at most `length_max` characters can hold.
fn before_nul(text: &[u8], length_max: usize) -> &[u8] {
    let length = text.iter().take(length_max).take_while(|octet| **octet != 0).count();
    text.get(..length).unwrap_or(text)
}

/// A submit_sm_resp, data_sm_resp or submit_multi_resp with an error, an empty message_id and what explains
/// it.
pub(crate) fn put_explained(
    out: &mut BytesMut,
    command: CommandId,
    status: u32,
    sequence: u32,
    tlvs: &ReplyTlvs,
) {
    let no_destinations: &[u8] = if command == CommandId::SubmitMultiResp { &[0] } else { &[] };
    let length = HEADER_LENGTH + 1 + no_destinations.len() + tlvs_length(tlvs);
    put_header(out, length, command, status, sequence);
    out.put_u8(0);
    out.put_slice(no_destinations);
    put_tlvs(out, tlvs);
}

fn tlv_values(tlvs: &ReplyTlvs) -> impl Iterator<Item = (u16, &[u8])> {
    let tlvs = tlvs.iter().flat_map(|tlvs| tlvs.iter());
    tlvs.map(|(tag, value)| (*tag, value.get(..TLV_LENGTH_MAX).unwrap_or(value)))
}

fn tlvs_length(tlvs: &ReplyTlvs) -> usize {
    tlv_values(tlvs).map(|(_, value)| TLV_HEADER_LENGTH + value.len()).sum()
}

fn put_tlvs(out: &mut BytesMut, tlvs: &ReplyTlvs) {
    for (tag, value) in tlv_values(tlvs) {
        put_tlv(out, tag, value);
    }
}

fn put_tlv(out: &mut BytesMut, tag: u16, value: &[u8]) {
    out.put_u16(tag);
    out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
    out.put_slice(value);
}

/// A bind_*_resp that says ESME_ROK. `version` is left out for a peer that knows no optional parameters.
pub(crate) fn put_bound(
    out: &mut BytesMut,
    mode: BindMode,
    sequence: u32,
    system_id: &str,
    version: Option<InterfaceVersion>,
) {
    let system_id = c_octets(system_id.as_bytes());
    let pdu: Pdu = match mode {
        BindMode::Transmitter => BindTransmitterResp::new(system_id, version).into(),
        BindMode::Receiver => BindReceiverResp::new(system_id, version).into(),
        BindMode::Transceiver => BindTransceiverResp::new(system_id, version).into(),
    };
    put_pdu(out, sequence, pdu);
}

/// A submit_multi_resp that says ESME_ROK.
pub(crate) fn put_multi_accepted(
    out: &mut BytesMut,
    sequence: u32,
    message_id: WireId,
    unsuccessful: &[UnsuccessfulDestination],
) {
    let unsuccessful = unsuccessful.iter().take(DESTINATIONS_MAX).map(|destination| UnsuccessSme {
        dest_addr_ton: destination.ton.into(),
        dest_addr_npi: destination.npi.into(),
        destination_addr: c_octets(&destination.address),
        error_status_code: destination.status.into(),
    });
    let message_id = message_id.with_digits(c_octets);
    put_pdu(out, sequence, SubmitMultiResp::new(message_id, unsuccessful.collect(), Vec::new()));
}

/// The state of a message, as the handler answers a query_sm with it.
pub(crate) struct Found<'a> {
    pub message_id: WireId,
    /// Left out unless it has the standard's 16 characters.
    pub final_date: &'a [u8],
    pub message_state: u8,
    pub error_code: u8,
}

/// A query_sm_resp that says ESME_ROK.
pub(crate) fn put_found(out: &mut BytesMut, sequence: u32, found: &Found<'_>) {
    let final_date = [found.final_date, b"\0"].concat();
    let resp = QuerySmResp::new(
        found.message_id.with_digits(c_octets),
        EmptyOrFullCOctetString::from_vec(final_date).unwrap_or_default(),
        MessageState::from(found.message_state),
        found.error_code,
    );
    put_pdu(out, sequence, resp);
}

/// Any PDU with ESME_ROK, written by rusmpp.
pub fn put_pdu(out: &mut BytesMut, sequence: u32, pdu: impl Into<Pdu>) {
    let command = Command::new(CommandStatus::EsmeRok, sequence, pdu);
    let length = size_of::<u32>() + command.length();
    out.reserve(length);
    out.put_u32(wire_length(length));
    command.encode(out);
}

/// The header of a PDU of `length` octets, its own 16 included: four words in one store.
pub fn put_header(out: &mut BytesMut, length: usize, command: CommandId, status: u32, sequence: u32) {
    let words = [wire_length(length), command.into(), status, sequence];
    out.put_u128(words.into_iter().fold(0, |header, word| header << 32 | u128::from(word)));
}

/// No PDU of ours is near 4 GiB: the largest is a submit_multi_resp with 255 addresses.
fn wire_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The part of `text` that fits a C-Octet String of `MAX` octets with its NUL; characters other than
/// ASCII become `?`.
fn c_octets<const MAX: usize>(text: &[u8]) -> COctetString<1, MAX> {
    let text = text.iter().take_while(|octet| **octet != 0).take(MAX - 1);
    let ascii = text.map(|octet| if octet.is_ascii() { *octet } else { b'?' });
    COctetString::from_vec(ascii.chain([0]).collect()).unwrap_or_default()
}
