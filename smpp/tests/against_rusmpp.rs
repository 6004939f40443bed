//! Our readers and writers by hand against rusmpp's: what it writes we read, what we write it reads, and
//! where both read the same octets they find the same in them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

mod support;

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rusmpp::decode::DecodeWithLength;
use rusmpp::pdus::{DataSm, SubmitMulti, SubmitSm};
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, Tlv, TlvValue};
use rusmpp::types::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{
    DataCoding, DestAddress, EsmClass, MessagePayload, Npi, PriorityFlag, RegisteredDelivery,
    ReplaceIfPresentFlag, ServiceType, SmeAddress, Ton,
};
use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::pdu::{Address, Submit, SubmitKind};
use tollgate_smpp::session::{ServerSession, SessionConfig, work_through};
use tollgate_smpp::{Answer, Reply, ReplyTlvs, UnsuccessfulDestination};

use support::peer::{self, body_of, list, text, vendor_tlv};
use support::toy_bind_handler::ToySession;

/// Everything that a message may say, as plain values.
#[derive(Clone, Debug)]
struct Message {
    service_type: String,
    source: (u8, u8, String),
    destinations: Vec<(u8, u8, String)>,
    octets: [u8; 6],
    schedule: &'static str,
    validity: &'static str,
    text: Vec<u8>,
    in_payload: bool,
    vendor_tlvs: Vec<(u16, Vec<u8>)>,
}

fn address() -> impl Strategy<Value = (u8, u8, String)> {
    (any::<u8>(), any::<u8>(), "[ -~]{1,20}")
}

fn time() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("261231120000000+"), Just("000001000000000R"), Just("991231235959948-")]
}

/// Tags that rusmpp does not know, so that it takes any value.
fn vendor_tlvs() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    vec((0x1400..0x4000_u16, vec(any::<u8>(), 1..40)), 0..4)
}

prop_compose! {
    fn message()(
        service_type in "[ -~]{0,5}",
        source in address(),
        destinations in vec(address(), 1..6),
        octets in any::<[u8; 6]>(),
        schedule in time(),
        validity in time(),
        text in vec(any::<u8>(), 1..255),
        in_payload in any::<bool>(),
        vendor_tlvs in vendor_tlvs(),
    ) -> Message {
        Message {
            service_type, source, destinations, octets, schedule, validity, text, in_payload, vendor_tlvs,
        }
    }
}

fn full_or_empty(field: &str) -> EmptyOrFullCOctetString<17> {
    EmptyOrFullCOctetString::from_string(field.to_owned()).unwrap()
}

impl Message {
    fn short_message(&self) -> OctetString<0, 255> {
        OctetString::from_slice(if self.in_payload { &[] } else { &self.text }).unwrap()
    }

    fn tlvs(&self, payload: bool) -> Vec<MessageSubmissionRequestTlvValue> {
        let payload = payload.then(|| {
            let text = AnyOctetString::from_slice(&self.text);
            MessageSubmissionRequestTlvValue::MessagePayload(MessagePayload::new(text))
        });
        let vendor = self.vendor_tlvs.iter().map(|(tag, value)| vendor_tlv(*tag, value));
        vendor.chain(payload).collect()
    }

    fn submit_sm(&self) -> SubmitSm {
        let [esm_class, protocol_id, priority, receipts, coding, canned] = self.octets;
        let (ton, npi, digits) = &self.destinations[0];
        SubmitSm::builder()
            .service_type(ServiceType::new(text(&self.service_type)))
            .source_addr_ton(Ton::from(self.source.0))
            .source_addr_npi(Npi::from(self.source.1))
            .source_addr(text(&self.source.2))
            .dest_addr_ton(Ton::from(*ton))
            .dest_addr_npi(Npi::from(*npi))
            .destination_addr(text(digits))
            .esm_class(EsmClass::from(esm_class))
            .protocol_id(protocol_id)
            .priority_flag(PriorityFlag::from(priority))
            .schedule_delivery_time(full_or_empty(self.schedule))
            .validity_period(full_or_empty(self.validity))
            .registered_delivery(RegisteredDelivery::from(receipts))
            .replace_if_present_flag(ReplaceIfPresentFlag::from(priority))
            .data_coding(DataCoding::from(coding))
            .sm_default_msg_id(canned)
            .short_message(self.short_message())
            .tlvs(self.tlvs(self.in_payload))
            .build()
    }

    fn submit_multi(&self) -> SubmitMulti {
        let destination = |(ton, npi, digits): &(u8, u8, String)| {
            DestAddress::SmeAddress(SmeAddress::new(Ton::from(*ton), Npi::from(*npi), text(digits)))
        };
        SubmitMulti::builder()
            .source_addr(text(&self.source.2))
            .dest_address(self.destinations.iter().map(destination).collect())
            .esm_class(EsmClass::from(self.octets[0]))
            .data_coding(DataCoding::from(self.octets[4]))
            .short_message(self.short_message())
            .tlvs(self.tlvs(self.in_payload))
            .build()
    }

    fn data_sm(&self) -> DataSm {
        let mut data = DataSm::builder()
            .source_addr(text(&self.source.2))
            .destination_addr(text(&self.destinations[0].2))
            .esm_class(EsmClass::from(self.octets[0]))
            .registered_delivery(RegisteredDelivery::from(self.octets[3]))
            .data_coding(DataCoding::from(self.octets[4]))
            .build();
        self.tlvs(true).into_iter().for_each(|tlv| data.push_tlv(tlv));
        data
    }

    fn assert_tlvs(&self, submit: &Submit<'_>) {
        let vendor = submit.tlvs.into_iter().filter(|tlv| tlv.tag >= 0x1400);
        let vendor: Vec<_> = vendor.map(|tlv| (tlv.tag, tlv.value.to_vec())).collect();
        assert_eq!(vendor, self.vendor_tlvs);
        assert_eq!((submit.tlvs_dropped, submit.overrun_tag), (false, None));
    }
}

fn plain(address: Address<'_>) -> (u8, u8, String) {
    (address.ton, address.npi, String::from_utf8(address.digits.to_vec()).unwrap())
}

proptest! {
    #[test]
    fn a_submit_sm_of_rusmpp_is_read_in_full(message in message()) {
        let body = body_of(&peer::request(7, message.submit_sm()));
        let submit = Submit::parse(SubmitKind::SubmitSm, 7, &body).unwrap();
        let [esm_class, protocol_id, priority, receipts, coding, canned] = message.octets;
        prop_assert_eq!(submit.service_type, message.service_type.as_bytes());
        prop_assert_eq!(plain(submit.source), message.source.clone());
        prop_assert_eq!(submit.destinations.count(), 1);
        prop_assert_eq!(plain(submit.destinations.iter().next().unwrap()), message.destinations[0].clone());
        prop_assert_eq!((submit.esm_class, submit.protocol_id), (esm_class, protocol_id));
        prop_assert_eq!((submit.priority_flag, submit.replace_if_present), (priority, priority));
        prop_assert_eq!((submit.registered_delivery, submit.data_coding), (receipts, coding));
        prop_assert_eq!(submit.default_message_id, canned);
        prop_assert_eq!(submit.schedule, message.schedule.as_bytes());
        prop_assert_eq!(submit.validity, message.validity.as_bytes());
        prop_assert_eq!(submit.payload, &message.text[..]);
        prop_assert_eq!(submit.from_message_payload, message.in_payload);
        message.assert_tlvs(&submit);
    }

    #[test]
    fn a_submit_multi_of_rusmpp_is_read_in_full(message in message()) {
        let body = body_of(&peer::request(7, message.submit_multi()));
        let submit = Submit::parse(SubmitKind::SubmitMulti, 7, &body).unwrap();
        let destinations: Vec<_> = submit.destinations.iter().map(plain).collect();
        prop_assert_eq!(usize::from(submit.destinations.count()), destinations.len());
        prop_assert_eq!(destinations, message.destinations.clone());
        prop_assert_eq!((submit.esm_class, submit.data_coding), (message.octets[0], message.octets[4]));
        prop_assert_eq!(submit.payload, &message.text[..]);
        message.assert_tlvs(&submit);
    }

    #[test]
    fn a_data_sm_of_rusmpp_is_read_in_full(message in message()) {
        let body = body_of(&peer::request(7, message.data_sm()));
        let submit = Submit::parse(SubmitKind::DataSm, 7, &body).unwrap();
        let to = plain(submit.destinations.iter().next().unwrap());
        prop_assert_eq!(plain(submit.source).2, message.source.2.clone());
        prop_assert_eq!(to.2, message.destinations[0].2.clone());
        prop_assert_eq!(submit.esm_class, message.octets[0]);
        prop_assert_eq!(submit.registered_delivery, message.octets[3]);
        prop_assert_eq!((submit.data_coding, submit.payload), (message.octets[4], &message.text[..]));
        message.assert_tlvs(&submit);
    }

    #[test]
    fn where_both_read_a_spoiled_submit_sm_they_agree(
        message in message(),
        spoiled in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut body = body_of(&peer::request(7, message.submit_sm()));
        for (place, octet) in &spoiled {
            *place.get_mut(&mut body) = *octet;
        }
        if let Some(length) = cut {
            body.truncate(length.index(body.len()));
        }
        let theirs = <SubmitSm as DecodeWithLength>::decode(&mut BytesMut::from(&body[..]), body.len());
        if let (Ok(ours), Ok((theirs, _))) = (Submit::parse(SubmitKind::SubmitSm, 7, &body), theirs) {
            let to = ours.destinations.iter().next().unwrap();
            prop_assert_eq!(without_nul(&theirs.destination_addr), to.digits);
            prop_assert_eq!(without_nul(&theirs.source_addr), ours.source.digits);
            prop_assert_eq!(u8::from(theirs.data_coding), ours.data_coding);
            prop_assert_eq!(u8::from(theirs.esm_class), ours.esm_class);
            let payload = theirs.tlvs().iter().find_map(|tlv| match tlv.value() {
                Some(TlvValue::MessagePayload(payload)) => Some(payload.value.as_ref()),
                _ => None,
            });
            prop_assert_eq!(payload.unwrap_or(theirs.short_message().as_ref()), ours.payload);
        }
    }

    #[test]
    fn rusmpp_reads_every_answer_and_writes_it_the_same(answers in vec(answer(), 1..20)) {
        let out = written(answers.clone());
        let commands = peer::cut(&mut out.clone());
        prop_assert_eq!(commands.len(), answers.len());
        for (command, answer) in commands.iter().zip(&answers) {
            assert_says(command, answer);
        }
        let again: Vec<u8> = commands.iter().flat_map(rewritten).collect();
        prop_assert_eq!(again, out);
    }
}

fn without_nul<const MIN: usize, const MAX: usize>(field: &COctetString<MIN, MAX>) -> &[u8] {
    field.as_str().as_bytes()
}

fn tlvs() -> impl Strategy<Value = ReplyTlvs> {
    option::of(vendor_tlvs().prop_map(Box::new))
}

fn unsuccessful() -> impl Strategy<Value = UnsuccessfulDestination> {
    (address(), any::<u32>()).prop_map(|((ton, npi, digits), status)| UnsuccessfulDestination {
        ton,
        npi,
        address: digits.into_bytes(),
        status,
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let id = 1..1_000_000_000_000_000_000_u64;
    let reply = prop_oneof![
        any::<u32>().prop_map(Reply::Refused),
        (id.clone(), tlvs()).prop_map(|(message_id, tlvs)| Reply::Submitted { message_id, tlvs }),
        (id.clone(), tlvs()).prop_map(|(message_id, tlvs)| Reply::DataAccepted { message_id, tlvs }),
        (id.clone(), vec(unsuccessful(), 0..20))
            .prop_map(|(message_id, unsuccessful)| { Reply::MultiSubmitted { message_id, unsuccessful } }),
        (id, time(), any::<u8>(), any::<u8>()).prop_map(|(message_id, date, message_state, error_code)| {
            Reply::Queried { message_id, final_date: date.into(), message_state, error_code }
        }),
        Just(Reply::Cancelled),
        Just(Reply::Replaced),
    ];
    (any::<u32>(), reply).prop_map(|(sequence, reply)| Answer { sequence, reply })
}

/// The output of a session of SMPP 3.4 for these answers of a handler.
fn written(mut answers: Vec<Answer>) -> Vec<u8> {
    let now = Instant::now();
    let mut session = ServerSession::new(Arc::new(SessionConfig::default()), now);
    let bind = &mut BytesMut::from(&peer::bind(1)[..]);
    work_through::<ToySession>(&mut session, None, bind, now, 0).expect("a bind");
    session.handle_bound(now, 1000, 0);
    session.handle_written(now, session.output().len());
    session.handle_answers(now, &mut answers);
    session.output().to_vec()
}

/// The octets that rusmpp writes for a command that it read.
fn rewritten(command: &Command) -> Vec<u8> {
    let (status, sequence) = (command.status(), command.sequence_number());
    let header_only = || peer::raw_with_status(command.id().into(), status.into(), sequence);
    command.pdu().map_or_else(header_only, |pdu| peer::encode(status, sequence, pdu.clone()))
}

fn assert_says(command: &Command, answer: &Answer) {
    assert_eq!(command.sequence_number(), answer.sequence);
    let status = if let Reply::Refused(status) = answer.reply { status } else { 0 };
    assert_eq!(u32::from(command.status()), status);
    match (&answer.reply, command.pdu()) {
        (Reply::Refused(_), None) => assert_eq!(command.id(), CommandId::SubmitSmResp),
        (Reply::Submitted { message_id, tlvs }, Some(Pdu::SubmitSmResp(resp))) => {
            assert_eq!(resp.message_id().to_string(), message_id.to_string());
            assert_same_tlvs(resp.tlvs(), tlvs);
        }
        (Reply::DataAccepted { message_id, tlvs }, Some(Pdu::DataSmResp(resp))) => {
            assert_eq!(resp.message_id().to_string(), message_id.to_string());
            assert_same_tlvs(resp.tlvs(), tlvs);
        }
        (Reply::MultiSubmitted { message_id, unsuccessful }, Some(Pdu::SubmitMultiResp(resp))) => {
            assert_eq!(resp.message_id.to_string(), message_id.to_string());
            let failed = resp.unsuccess_sme().iter().map(|one| UnsuccessfulDestination {
                ton: one.dest_addr_ton.into(),
                npi: one.dest_addr_npi.into(),
                address: without_nul(&one.destination_addr).to_vec(),
                status: one.error_status_code.into(),
            });
            assert_eq!(list(failed), *unsuccessful);
        }
        (
            Reply::Queried { message_id, final_date, message_state, error_code },
            Some(Pdu::QuerySmResp(resp)),
        ) => {
            assert_eq!(resp.message_id.to_string(), message_id.to_string());
            assert_eq!(resp.final_date.as_str().as_bytes(), final_date);
            assert_eq!((u8::from(resp.message_state), resp.error_code), (*message_state, *error_code));
        }
        (Reply::Cancelled, Some(Pdu::CancelSmResp)) | (Reply::Replaced, Some(Pdu::ReplaceSmResp)) => {}
        other => panic!("{other:?}"),
    }
}

fn assert_same_tlvs(theirs: &[Tlv], ours: &ReplyTlvs) {
    let theirs = theirs.iter().map(|tlv| match tlv.value() {
        Some(TlvValue::Other { tag, value }) => (u16::from(*tag), value.as_ref().to_vec()),
        other => panic!("{other:?}"),
    });
    let ours = ours.as_ref().map(|tlvs| tlvs.as_ref().clone()).unwrap_or_default();
    assert_eq!(list(theirs), ours);
}
