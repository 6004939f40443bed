//! A `submit_sm` encoded once, of which only the destination, the sequence number and the idempotency key
//! change.

use bytes::{BufMut, BytesMut};
use rusmpp::CommandId;
use rusmpp::encode::Length;
use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, TlvTag};
use rusmpp::types::{AnyOctetString, COctetString};
use tollgate_smpp::encode::{put_header, put_pdu};
use tollgate_smpp::frame::HEADER_LENGTH;

/// The octets of an idempotency key. All keys have one length, so that a template has room for them.
pub type Key = [u8; 24];

/// A `submit_sm` without its header and without its destination address.
pub struct Template {
    /// The body up to the destination address.
    head: Box<[u8]>,
    /// The body from the NUL behind the destination address.
    tail: Box<[u8]>,
    keyed: bool,
}

impl Template {
    /// Encodes `submit`, whose destination address is left out; with room for a key if there is a `key_tag`.
    pub fn new(mut submit: SubmitSm, key_tag: Option<u16>) -> Self {
        submit.destination_addr = COctetString::empty();
        if let Some(tag) = key_tag {
            submit.push_tlv(MessageSubmissionRequestTlvValue::Other {
                tag: TlvTag::Other(tag),
                value: AnyOctetString::from_slice(&Key::default()),
            });
        }
        let (ton_and_npi, twice) = (2, 2);
        let destination_at = submit.service_type.length() + submit.source_addr.length() + ton_and_npi * twice;
        let mut pdu = BytesMut::new();
        put_pdu(&mut pdu, 0, submit);
        let (head, tail) = pdu.split_at(HEADER_LENGTH + destination_at);
        let head = head.split_at(HEADER_LENGTH).1;
        Self { head: head.into(), tail: tail.into(), keyed: key_tag.is_some() }
    }

    /// The same with the last `octets` missing: a body that breaks off.
    pub fn without_last(mut self, octets: usize) -> Self {
        let kept = self.tail.len().saturating_sub(octets);
        self.tail = self.tail.iter().copied().take(kept).collect();
        self.keyed = false;
        self
    }

    /// Appends the whole PDU to `out`. The key is put in if the template has room for one.
    pub fn write(&self, out: &mut BytesMut, sequence: u32, destination: &[u8], key: impl FnOnce() -> Key) {
        let length = HEADER_LENGTH + self.head.len() + destination.len() + self.tail.len();
        out.reserve(length);
        put_header(out, length, CommandId::SubmitSm, 0, sequence);
        out.put_slice(&self.head);
        out.put_slice(destination);
        out.put_slice(&self.tail);
        if self.keyed
            && let Some(room) = out.last_chunk_mut()
        {
            *room = key();
        }
    }
}

#[cfg(test)]
mod tests {
    use rusmpp::decode::DecodeWithLength;
    use rusmpp::types::OctetString;
    use rusmpp::values::{DataCoding, EsmClass, Npi, Ton};
    use rusmpp::{Command, CommandStatus, Pdu};

    use super::*;

    fn submit() -> SubmitSm {
        SubmitSm::builder()
            .source_addr_ton(Ton::Alphanumeric)
            .source_addr(COctetString::from_static_slice(b"TOLLGATE\0").unwrap())
            .dest_addr_ton(Ton::International)
            .dest_addr_npi(Npi::Isdn)
            .esm_class(EsmClass::from(0))
            .data_coding(DataCoding::McSpecific)
            .short_message(OctetString::from_static_slice(b"Hello").unwrap())
            .build()
    }

    fn decode(pdu: &[u8]) -> Command {
        let (length, rest) = pdu.split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*length) as usize, pdu.len());
        let mut rest = BytesMut::from(rest);
        let length = rest.len();
        Command::decode(&mut rest, length).unwrap().0
    }

    #[test]
    fn what_is_written_decodes_to_what_was_built() {
        let template = Template::new(submit(), None);
        let mut out = BytesMut::new();
        template.write(&mut out, 77, b"254722000111", Key::default);
        let mut expected = submit();
        expected.destination_addr = COctetString::from_static_slice(b"254722000111\0").unwrap();
        assert_eq!(decode(&out), Command::new(CommandStatus::EsmeRok, 77, expected));
    }

    #[test]
    fn a_key_travels_in_its_tlv() {
        let template = Template::new(submit(), Some(0x1450));
        let mut out = BytesMut::from("before");
        template.write(&mut out, 1, b"447700900123", || *b"abcdefghijklmnopqrstuvwx");
        let command = decode(out.get(6..).unwrap());
        let Some(Pdu::SubmitSm(decoded)) = command.pdu() else { panic!("{command:?}") };
        let [tlv] = decoded.tlvs() else { panic!("{decoded:?}") };
        assert_eq!(u16::from(tlv.tag()), 0x1450);
        assert!(out.ends_with(b"\x14\x50\x00\x18abcdefghijklmnopqrstuvwx"));
    }

    #[test]
    fn a_broken_template_claims_only_what_it_has() {
        let template = Template::new(submit(), None).without_last(3);
        let mut out = BytesMut::new();
        template.write(&mut out, 1, b"447700900123", Key::default);
        let claimed = u32::from_be_bytes(*out.first_chunk().unwrap());
        assert_eq!(claimed as usize, out.len());
        assert!(out.ends_with(b"\x05He"), "sm_length says five, two are there");
    }
}
