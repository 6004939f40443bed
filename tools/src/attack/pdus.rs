//! The PDUs of hostile clients, as octets.

use bytes::{BufMut, BytesMut};
use rusmpp::CommandId;
use tollgate_smpp::encode::put_header;
use tollgate_smpp::frame::HEADER_LENGTH;

/// Destinations of a submit_multi, the most that there may be.
const DESTINATIONS: u8 = 255;
/// A vendor's parameter, of as many octets as a message may have beside its text.
const VENDOR_TAG: u16 = 0x1460;
const VENDOR_OCTETS: u16 = 4_000;
const VERSION: u8 = 0x34;

/// A PDU with this body.
pub fn pdu(command: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_header(&mut out, HEADER_LENGTH + body.len(), command, 0, sequence);
    out.put_slice(body);
    out.to_vec()
}

/// A bind_transceiver of SMPP 3.4.
pub fn bind(system_id: &str, password: &str) -> Vec<u8> {
    let body = [system_id.as_bytes(), &[0], password.as_bytes(), &[0, 0, VERSION, 0, 0, 0]].concat();
    pdu(CommandId::BindTransceiver, 1, &body)
}

/// A submit_sm to a number that exists in no country, so that it costs nothing.
pub fn submit(sequence: u32) -> Vec<u8> {
    let body = b"\0\0\0\0\x01\x01999000000000\0\0\0\0\0\0\0\0\0\0\x05hello";
    pdu(CommandId::SubmitSm, sequence, body)
}

/// A submit_multi to as many destinations as there may be, each of which gets a long optional parameter.
pub fn bomb(sequence: u32) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, DESTINATIONS];
    for number in 0..u32::from(DESTINATIONS) {
        body.extend_from_slice(&[1, 1, 1]);
        body.extend_from_slice(format!("254722{number:06}\0").as_bytes());
    }
    body.extend_from_slice(b"\0\0\0\0\0\0\0\0\0\x05hello");
    body.extend_from_slice(&VENDOR_TAG.to_be_bytes());
    body.extend_from_slice(&VENDOR_OCTETS.to_be_bytes());
    body.resize(body.len() + usize::from(VENDOR_OCTETS), b'x');
    pdu(CommandId::SubmitMulti, sequence, &body)
}
