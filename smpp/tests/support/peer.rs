//! A gateway's side of the wire. rusmpp writes its requests and reads our answers, so that both sides of a
//! test never share a mistake.

use bytes::{Buf, BytesMut};
use rusmpp::decode::DecodeWithLength;
use rusmpp::encode::{Length, owned::Encode};
use rusmpp::pdus::{BindReceiver, BindTransceiver, BindTransmitter, DataSm, SubmitMulti, SubmitSm};
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, TlvTag};
use rusmpp::types::{AnyOctetString, COctetString, OctetString};
use rusmpp::values::{
    DestAddress, EsmClass, InterfaceVersion, MessagePayload, Npi, RegisteredDelivery, SmeAddress, Ton,
};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tollgate_smpp::BindMode;

pub const SYSTEM_ID: &str = "gateway";
pub const PASSWORD: &str = "secret";

/// A whole PDU with any header and body, well-formed or not.
pub fn raw(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    raw_with_length(length, command, sequence, body)
}

/// A PDU that says it is `length` octets long.
pub fn raw_with_length(length: u32, command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let header = header([length, command, 0, sequence]);
    [&header[..], body].concat()
}

/// A header and nothing else.
pub fn raw_with_status(command: u32, status: u32, sequence: u32) -> Vec<u8> {
    header([16, command, status, sequence])
}

fn header(words: [u32; 4]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub fn encode(status: CommandStatus, sequence: u32, pdu: impl Into<Pdu>) -> Vec<u8> {
    let command = Command::new(status, sequence, pdu);
    let mut out = BytesMut::with_capacity(4 + command.length());
    u32::try_from(4 + command.length()).unwrap().encode(&mut out);
    command.encode(&mut out);
    out.to_vec()
}

pub fn request(sequence: u32, pdu: impl Into<Pdu>) -> Vec<u8> {
    encode(CommandStatus::EsmeRok, sequence, pdu)
}

/// The body of a PDU, for a test that spoils it.
pub fn body_of(pdu: &[u8]) -> Vec<u8> {
    pdu[16..].to_vec()
}

pub fn text<const MAX: usize>(text: &str) -> COctetString<1, MAX> {
    COctetString::from_string(text.to_owned()).unwrap()
}

pub fn bind_as(mode: BindMode, sequence: u32, password: &str, version: u8) -> Vec<u8> {
    let (system_id, password) = (text(SYSTEM_ID), text(password));
    let version = InterfaceVersion::from(version);
    match mode {
        BindMode::Transmitter => {
            let bind = BindTransmitter::builder().system_id(system_id).password(password);
            request(sequence, bind.interface_version(version).build())
        }
        BindMode::Receiver => {
            let bind = BindReceiver::builder().system_id(system_id).password(password);
            request(sequence, bind.interface_version(version).build())
        }
        BindMode::Transceiver => {
            let bind = BindTransceiver::builder().system_id(system_id).password(password);
            request(sequence, bind.interface_version(version).build())
        }
    }
}

pub fn bind(sequence: u32) -> Vec<u8> {
    bind_as(BindMode::Transceiver, sequence, PASSWORD, 0x34)
}

/// rusmpp's own default esm_class is 0x08, a delivery acknowledgement; no client sends that.
pub fn submit(destination: &str, message: &[u8]) -> SubmitSm {
    SubmitSm::builder()
        .source_addr_ton(Ton::Alphanumeric)
        .source_addr(text("Bank"))
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(text(destination))
        .esm_class(EsmClass::from(0))
        .registered_delivery(RegisteredDelivery::from(1))
        .short_message(OctetString::from_slice(message).unwrap())
        .build()
}

pub fn submit_sm(sequence: u32) -> Vec<u8> {
    request(sequence, submit("491701234567", b"hello"))
}

/// `count` submits with sequence numbers from `first`.
pub fn submits(first: u32, count: u32) -> Vec<u8> {
    (first..first + count).flat_map(submit_sm).collect()
}

pub fn data_sm(sequence: u32, destination: &str, message: &[u8]) -> Vec<u8> {
    let mut data = DataSm::builder().destination_addr(text(destination)).esm_class(EsmClass::from(0)).build();
    data.push_tlv(MessageSubmissionRequestTlvValue::MessagePayload(MessagePayload::new(
        AnyOctetString::from_slice(message),
    )));
    request(sequence, data)
}

pub fn submit_multi(sequence: u32, destinations: &[&str]) -> Vec<u8> {
    let addresses = destinations
        .iter()
        .map(|digits| DestAddress::SmeAddress(SmeAddress::new(Ton::International, Npi::Isdn, text(digits))));
    let multi = SubmitMulti::builder()
        .dest_address(addresses.collect())
        .esm_class(EsmClass::from(0))
        .short_message(OctetString::from_slice(b"hello all").unwrap())
        .build();
    request(sequence, multi)
}

pub fn vendor_tlv(tag: u16, value: &[u8]) -> MessageSubmissionRequestTlvValue {
    MessageSubmissionRequestTlvValue::Other {
        tag: TlvTag::Other(tag),
        value: AnyOctetString::from_slice(value),
    }
}

pub fn enquire_link(sequence: u32) -> Vec<u8> {
    request(sequence, Pdu::EnquireLink)
}

pub fn unbind(sequence: u32) -> Vec<u8> {
    request(sequence, Pdu::Unbind)
}

/// Reads the one PDU that `frame` must be, with nothing left over.
pub fn decode(frame: &[u8]) -> Command {
    let mut body = BytesMut::from(frame);
    let length = body.get_u32() as usize;
    assert_eq!(length, frame.len(), "the length names the whole PDU");
    let (command, size) = Command::decode(&mut body, length - 4).expect("rusmpp reads what we write");
    assert_eq!(size, length - 4, "rusmpp reads all of what we write");
    command
}

/// Cuts the PDUs off the front of what we received; a part of one stays.
pub fn cut(received: &mut Vec<u8>) -> Vec<Command> {
    let mut commands = Vec::new();
    while let Some(length) = received.first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if received.len() < length {
            break;
        }
        let rest = received.split_off(length);
        commands.push(decode(received));
        *received = rest;
    }
    commands
}

/// The parts of an answer that most tests look at.
pub fn headers(commands: &[Command]) -> Vec<(CommandId, u32, u32)> {
    let header = |command: &Command| (command.id(), command.status().into(), command.sequence_number());
    commands.iter().map(header).collect()
}

/// All that `items` gives.
pub fn list<T>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect()
}
