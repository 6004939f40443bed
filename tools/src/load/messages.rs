//! The texts, made into `submit_sm` PDUs as a gateway would make them.

use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::MessageSubmissionRequestTlvValue;
use rusmpp::types::{AnyOctetString, COctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, MessagePayload, Npi, Ton};
use serde::Deserialize;
use tollgate_engine::segments::encode_text;

const TEXTS: &str = include_str!("texts.csv");

/// `esm_class` of a message whose text begins with a user data header (SMPP 3.4 §5.2.12).
const UDH_INDICATOR: u8 = 0x40;

/// One of the texts.
#[derive(Deserialize)]
pub struct Text {
    /// The kind of text, such as `code` or `reminder`; `article` for those that are not typical of traffic.
    pub kind: String,
    /// The text itself.
    pub text: String,
}

/// The way in which a text is sent that does not fit into one message.
#[derive(Clone, Copy)]
pub enum LongText {
    /// As parts, each a message with a concatenation header.
    Parts,
    /// As one message with the text in a `message_payload` TLV.
    Payload,
}

/// All sample texts.
pub fn texts() -> Result<Vec<Text>, csv::Error> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TEXTS.as_bytes()).into_deserialize().collect()
}

/// The messages that carry `text`, in order. `reference` ties the parts of one text together.
pub fn submissions(text: &str, source: &COctetString<1, 21>, long: LongText, reference: u8) -> Vec<SubmitSm> {
    let encoded = encode_text(text);
    let builder = || builder(source, encoded.data_coding);
    if encoded.is_single() {
        return vec![builder().short_message(octet_string(&encoded.octets)).build()];
    }
    match long {
        LongText::Payload => vec![with_payload(builder().build(), &encoded.octets)],
        LongText::Parts => {
            let parts = encoded.parts();
            let total = u8::try_from(parts.len()).unwrap_or(u8::MAX);
            let numbered = (1..=total).zip(parts);
            numbered
                .map(|(number, part)| {
                    // Information element 0, concatenated short messages with an 8-bit reference (3GPP TS
                    // 23.040 §9.2.3.24.1).
                    let header = [5, 0, 3, reference, total, number];
                    let short_message = octet_string(&[&header, part].concat());
                    builder().esm_class(EsmClass::from(UDH_INDICATOR)).short_message(short_message).build()
                })
                .collect()
        }
    }
}

/// A message of more segments than a text may have.
pub fn too_long(source: &COctetString<1, 21>) -> SubmitSm {
    let segments_max = 255;
    let septets_part = 153;
    with_payload(builder(source, 0).build(), &vec![b'a'; septets_part * segments_max + 1])
}

fn builder(source: &COctetString<1, 21>, data_coding: u8) -> rusmpp::pdus::builders::SubmitSmBuilder {
    SubmitSm::builder()
        .source_addr_ton(Ton::Alphanumeric)
        .source_addr(source.clone())
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        // Left alone, rusmpp 0.4.0 would mark the message as a delivery acknowledgement.
        .esm_class(EsmClass::from(0))
        .data_coding(DataCoding::from(data_coding))
}

fn with_payload(mut submit: SubmitSm, octets: &[u8]) -> SubmitSm {
    let payload = MessagePayload::new(AnyOctetString::from_slice(octets));
    submit.push_tlv(MessageSubmissionRequestTlvValue::MessagePayload(payload));
    submit
}

/// A part never has more than the 255 octets that a `short_message` holds.
fn octet_string(octets: &[u8]) -> OctetString<0, 255> {
    OctetString::from_slice(octets).unwrap_or_default()
}
