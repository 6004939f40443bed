//! PDUs on the wire, as far as they are the generator's own.

use bytes::{BufMut, BytesMut};
use rusmpp::CommandId;
use tollgate_smpp::encode::put_header;
use tollgate_smpp::frame::{Frame, Frames, HEADER_LENGTH};

/// Longest PDU that a server may send; a longer one means that the stream is out of step.
const PDU_OCTETS_MAX: usize = 70_000;

/// The whole PDUs at the beginning of `bytes`.
pub fn frames(bytes: &[u8]) -> Frames<'_> {
    Frames::new(bytes, PDU_OCTETS_MAX)
}

/// The `message_id` that a `submit_sm_resp` begins with, without its NUL; empty if there is none.
pub fn message_id<'a>(response: &Frame<'a>) -> &'a [u8] {
    response.body.split(|octet| *octet == 0).next().unwrap_or_default()
}

/// Appends a PDU with this body and status `ESME_ROK`.
pub fn write(out: &mut BytesMut, command: CommandId, sequence: u32, body: &[u8]) {
    put_header(out, HEADER_LENGTH + body.len(), command, 0, sequence);
    out.put_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdus_are_taken_one_by_one_and_only_whole() {
        let mut stream = BytesMut::new();
        write(&mut stream, CommandId::SubmitSmResp, 7, b"12345\0");
        write(&mut stream, CommandId::EnquireLink, 8, b"");
        let mut whole = frames(&stream);
        let first = whole.next().unwrap().unwrap();
        assert_eq!((first.header.sequence, message_id(&first)), (7, &b"12345"[..]));
        assert_eq!(whole.next().unwrap().unwrap().header.command, CommandId::EnquireLink);
        assert_eq!(whole.next(), None);

        let mut cut = frames(&stream[..20]);
        assert_eq!(cut.next(), None);
        assert_eq!(cut.consumed(), 0, "what is not whole is left for later");
    }

    #[test]
    fn an_impossible_length_is_an_error() {
        let short = [0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(frames(&short).next().unwrap().is_err());
        let long = [0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(frames(&long).next().unwrap().is_err());
    }

    #[test]
    fn an_error_response_without_a_body_has_no_message_id() {
        let mut stream = BytesMut::new();
        write(&mut stream, CommandId::SubmitSmResp, 1, b"");
        let response = frames(&stream).next().unwrap().unwrap();
        assert!(message_id(&response).is_empty());
    }
}
