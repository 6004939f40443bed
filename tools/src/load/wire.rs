//! The little of SMPP that the generator itself reads and writes: headers, and a few PDUs without a body.

use bytes::BytesMut;
use rusmpp::encode::Length;
use rusmpp::encode::owned::Encode;
use rusmpp::{Command, CommandId};

/// Length, id, status and sequence number of a PDU (SMPP 3.4 §3.2).
pub const HEADER_OCTETS: usize = 16;

/// Longest PDU that a server may send; a longer one means that the stream is out of step.
const PDU_OCTETS_MAX: usize = 70_000;

/// A PDU as it lies in the read buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Pdu<'a> {
    /// Header field.
    pub command_id: u32,
    /// Header field.
    pub status: u32,
    /// Header field.
    pub sequence: u32,
    /// What follows the header.
    pub body: &'a [u8],
}

/// A length field that no PDU can have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sent a PDU that claims {0} octets")]
pub struct BadLength(u32);

impl<'a> Pdu<'a> {
    /// Takes the first PDU off `bytes`; `None` while it is not there whole.
    pub fn take(bytes: &mut &'a [u8]) -> Result<Option<Self>, BadLength> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_OCTETS>() else {
            return Ok(None);
        };
        let claimed = field(header, 0);
        let length = claimed as usize;
        if !(HEADER_OCTETS..=PDU_OCTETS_MAX).contains(&length) {
            return Err(BadLength(claimed));
        }
        let Some((pdu, rest)) = bytes.split_at_checked(length) else {
            return Ok(None);
        };
        *bytes = rest;
        Ok(Some(Self {
            command_id: field(header, 4),
            status: field(header, 8),
            sequence: field(header, 12),
            body: pdu.get(HEADER_OCTETS..).unwrap_or_default(),
        }))
    }

    /// The `message_id` that a `submit_sm_resp` begins with, without its NUL; empty if there is none.
    pub fn message_id(&self) -> &'a [u8] {
        self.body.split(|octet| *octet == 0).next().unwrap_or_default()
    }
}

fn field(header: &[u8; HEADER_OCTETS], at: usize) -> u32 {
    let octets = header.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
    u32::from_be_bytes(octets)
}

/// Appends a PDU with this body and status `ESME_ROK`.
pub fn write(out: &mut Vec<u8>, command_id: CommandId, sequence: u32, body: &[u8]) {
    let length = u32::try_from(HEADER_OCTETS + body.len()).unwrap_or(u32::MAX);
    for value in [length, u32::from(command_id), 0, sequence] {
        out.extend_from_slice(&value.to_be_bytes());
    }
    out.extend_from_slice(body);
}

/// The whole PDU, as rusmpp encodes it.
pub fn encode(command: &Command) -> Vec<u8> {
    // rusmpp leaves the length field to its codec, and counts without it.
    let length = size_of::<u32>() + command.length();
    let mut rest = BytesMut::with_capacity(length);
    command.encode(&mut rest);
    [&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes(), &*rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdus_are_taken_one_by_one_and_only_whole() {
        let mut stream = Vec::new();
        write(&mut stream, CommandId::SubmitSmResp, 7, b"12345\0");
        write(&mut stream, CommandId::EnquireLink, 8, b"");
        let mut whole = &*stream;
        let first = Pdu::take(&mut whole).unwrap().unwrap();
        assert_eq!((first.sequence, first.message_id()), (7, &b"12345"[..]));
        assert_eq!(Pdu::take(&mut whole).unwrap().map(|pdu| pdu.command_id), Some(0x15));
        assert_eq!(Pdu::take(&mut whole), Ok(None));

        let mut cut = stream.get(..20).unwrap();
        assert_eq!(Pdu::take(&mut cut), Ok(None));
        assert_eq!(cut.len(), 20, "what is not whole is left for later");
    }

    #[test]
    fn an_impossible_length_is_an_error() {
        let mut short = &[0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..];
        assert_eq!(Pdu::take(&mut short), Err(BadLength(15)));
        let mut long = &[0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..];
        assert_eq!(Pdu::take(&mut long), Err(BadLength(0x7F00_0000)));
    }

    #[test]
    fn an_error_response_without_a_body_has_no_message_id() {
        let mut stream = Vec::new();
        write(&mut stream, CommandId::SubmitSmResp, 1, b"");
        let pdu = Pdu::take(&mut &*stream).unwrap().unwrap();
        assert!(pdu.message_id().is_empty());
    }
}
