//! PDUs that a link writes by hand, read by rusmpp and by our own server; PDUs that rusmpp writes as an
//! operator, read by a link.

use std::time::Instant;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::{MessageDeliveryRequestTlvValue, TlvTag};
use rusmpp::types::{AnyOctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, Npi, Ton};
use rusmpp::{CommandId, Pdu};
use tollgate_smpp::frame::Frames;
use tollgate_smpp::link::OutboundSubmit;
use tollgate_smpp::pdu::{Address, Deliver, Submit, SubmitKind, Tlvs};

use crate::support::operator::Operator;
use crate::support::peer::{self, body_of, list, text};

/// Everything that a message may say, as plain values.
#[derive(Clone, Debug)]
struct Message {
    service_type: String,
    source: (u8, u8, String),
    destination: (u8, u8, String),
    octets: [u8; 7],
    times: (&'static str, &'static str),
    payload: Vec<u8>,
    in_payload: bool,
    tlvs: Vec<(u16, Vec<u8>)>,
}

fn address(digits: &'static str) -> impl Strategy<Value = (u8, u8, String)> {
    (any::<u8>(), any::<u8>(), digits)
}

fn time() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("261231120000000+"), Just("000001000000000R")]
}

prop_compose! {
    fn message()(
        service_type in "[ -~]{0,5}",
        source in address("[ -~]{0,20}"),
        destination in address("[ -~]{1,20}"),
        octets in any::<[u8; 7]>(),
        times in (time(), time()),
        payload in vec(any::<u8>(), 0..600),
        in_payload in any::<bool>(),
        tlvs in vec((0x1400..0x4000_u16, vec(any::<u8>(), 1..40)), 0..4),
    ) -> Message {
        Message { service_type, source, destination, octets, times, payload, in_payload, tlvs }
    }
}

impl Message {
    fn raw_tlvs(&self) -> Vec<u8> {
        let raw = self.tlvs.iter().flat_map(|(tag, value)| {
            let length = u16::try_from(value.len()).unwrap();
            [&tag.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
        });
        raw.collect()
    }

    fn outbound<'a>(&'a self, tlvs: &'a [u8]) -> OutboundSubmit<'a> {
        let [esm_class, protocol_id, priority_flag, registered_delivery, replace, data_coding, default_id] =
            self.octets;
        OutboundSubmit {
            service_type: self.service_type.as_bytes(),
            source: as_address(&self.source),
            destination: as_address(&self.destination),
            esm_class,
            protocol_id,
            priority_flag,
            schedule: self.times.0.as_bytes(),
            validity: self.times.1.as_bytes(),
            registered_delivery,
            replace_if_present: replace,
            data_coding,
            default_message_id: default_id,
            payload: &self.payload,
            in_payload: self.in_payload,
            tlvs: Tlvs::new(tlvs),
        }
    }
}

fn as_address(address: &(u8, u8, String)) -> Address<'_> {
    Address { ton: address.0, npi: address.1, digits: address.2.as_bytes() }
}

/// Asserts that our own server reads a PDU as the message that was to be written.
fn assert_reads(message: &Message, pdu: &[u8]) -> Result<(), TestCaseError> {
    let body = body_of(pdu);
    let read = Submit::parse(SubmitKind::SubmitSm, 2, &body).unwrap();
    let octets = [
        read.esm_class,
        read.protocol_id,
        read.priority_flag,
        read.registered_delivery,
        read.replace_if_present,
        read.data_coding,
        read.default_message_id,
    ];
    prop_assert_eq!(octets, message.octets);
    prop_assert_eq!(read.service_type, message.service_type.as_bytes());
    prop_assert_eq!(read.source, as_address(&message.source));
    prop_assert_eq!(list(read.destinations.iter()), [as_address(&message.destination)]);
    prop_assert_eq!((read.schedule, read.validity), (message.times.0.as_bytes(), message.times.1.as_bytes()));
    prop_assert_eq!(read.payload, &message.payload[..]);
    let in_payload = (message.in_payload || message.payload.len() > 254) && !message.payload.is_empty();
    prop_assert_eq!(read.from_message_payload, in_payload);
    let passed_on = read.tlvs.into_iter().filter(|tlv| tlv.tag != u16::from(TlvTag::MessagePayload));
    let passed_on = list(passed_on.map(|tlv| (tlv.tag, tlv.value.to_vec())));
    prop_assert_eq!(passed_on, message.tlvs.clone());
    prop_assert!(!read.tlvs_dropped);
    Ok(())
}

proptest! {
    #[test]
    fn a_submit_sm_is_read_as_it_was_meant(messages in vec(message(), 1..5)) {
        let mut operator = Operator::bound();
        for (message, token) in messages.iter().zip(0..) {
            let tlvs = message.raw_tlvs();
            operator.session.sink(Instant::now()).submit(token, &message.outbound(&tlvs)).unwrap();
        }
        let output = BytesMut::from(operator.session.output());
        let mut begin = 0;
        for (frame, message) in Frames::new(&output, 100_000).zip(&messages) {
            let pdu = &output[begin..begin + 16 + frame.unwrap().body.len()];
            begin += pdu.len();
            assert_reads(message, pdu)?;
            let command = peer::decode(pdu);
            prop_assert_eq!(command.id(), CommandId::SubmitSm);
        }
        prop_assert_eq!(begin, output.len());
    }

    #[test]
    fn a_deliver_sm_is_read_as_it_was_meant(
        source in "[!-~]{1,20}",
        destination in "[!-~]{1,20}",
        numbers in any::<(u8, u8, u8, u8)>(),
        esm_class in any::<u8>(),
        data_coding in any::<u8>(),
        short in vec(any::<u8>(), 0..255),
        payload in vec(any::<u8>(), 1..400),
    ) {
        let mut deliver = DeliverSm::builder()
            .source_addr_ton(Ton::from(numbers.0))
            .source_addr_npi(Npi::from(numbers.1))
            .source_addr(text(&source))
            .dest_addr_ton(Ton::from(numbers.2))
            .dest_addr_npi(Npi::from(numbers.3))
            .destination_addr(text(&destination))
            .esm_class(EsmClass::from(esm_class))
            .data_coding(DataCoding::from(data_coding))
            .short_message(OctetString::from_slice(&short).unwrap())
            .build();
        if short.is_empty() {
            deliver.push_tlv(MessageDeliveryRequestTlvValue::MessagePayload(
                rusmpp::values::MessagePayload::new(AnyOctetString::from_slice(&payload)),
            ));
        }
        let pdu = peer::request(5, Pdu::from(deliver));
        let body = body_of(&pdu);
        let read = Deliver::parse(CommandId::DeliverSm, 5, &body).unwrap();
        prop_assert_eq!(read.source, Address { ton: numbers.0, npi: numbers.1, digits: source.as_bytes() });
        let to = Address { ton: numbers.2, npi: numbers.3, digits: destination.as_bytes() };
        prop_assert_eq!(read.destination, to);
        prop_assert_eq!((read.esm_class, read.data_coding), (esm_class, data_coding));
        prop_assert_eq!(read.payload, if short.is_empty() { &payload[..] } else { &short[..] });
    }
}
