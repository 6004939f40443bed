//! The parameters of a submit beyond its text: the TLVs that rating and charging read, and the body as the engine counts
//! it.

use std::hash::Hasher;

use tollgate_engine::segments::{self, Body, Sar};
use tollgate_smpp::pdu::{Destinations, Submit};
use tollgate_storage::keys::KEY_OCTETS_MAX;

use crate::fnv::Fnv;
use tollgate_provisioning::TlvTags;

/// The tag of user_message_reference (SMPP 3.4 §5.3.2.17).
pub(crate) const USER_MESSAGE_REFERENCE: u16 = 0x0204;
/// The tags of a part of a long message (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
const SAR_MSG_REF_NUM: u16 = 0x020C;
const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
const SAR_SEGMENT_SEQNUM: u16 = 0x020F;

/// The UDHI bit of esm_class (SMPP 3.4 §5.2.12).
pub(crate) const UDHI: u8 = 0x40;

/// Octets of a dispatch id that are kept.
const DISPATCH_OCTETS_MAX: usize = 64;

/// The optional parameters that rating and charging read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parameters<'a> {
    /// The client's key against charging twice.
    pub idempotency_key: Option<&'a [u8]>,
    /// The dispatch that the message belongs to.
    pub dispatch_id: Option<&'a [u8]>,
    /// The network that the client says the number belongs to.
    pub network: Option<&'a [u8]>,
    /// True if the response is to carry price and balance.
    pub wants_price: bool,
    /// The client's own number for the message.
    pub user_message_reference: Option<u16>,
    sar: [Option<u16>; 3],
}

/// A parameter that decides about the price, or about charging twice, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl<'a> Parameters<'a> {
    /// Reads them in one pass. Vendors differ in whether a text ends with NUL, so trailing ones are dropped.
    pub fn read(submit: &Submit<'a>, tags: &TlvTags) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        if submit.tlvs.is_empty() {
            return Ok(read);
        }
        for tlv in submit.tlvs {
            let text = trim_nul(tlv.value);
            match tlv.tag {
                USER_MESSAGE_REFERENCE => read.user_message_reference = number(tlv.value),
                SAR_MSG_REF_NUM => read.sar[0] = number(tlv.value),
                SAR_TOTAL_SEGMENTS => read.sar[1] = number(tlv.value),
                SAR_SEGMENT_SEQNUM => read.sar[2] = number(tlv.value),
                tag if tag == tags.idempotency_key => {
                    read.idempotency_key = Some(bounded(text, KEY_OCTETS_MAX)?);
                }
                tag if tag == tags.dispatch_id => {
                    read.dispatch_id = Some(bounded(text, DISPATCH_OCTETS_MAX)?);
                }
                tag if tag == tags.network => read.network = Some(text),
                tag if tag == tags.price_request => read.wants_price = text == b"1",
                _ => {}
            }
        }
        match submit.overrun_tag {
            Some(tag) if tag == tags.idempotency_key => Err(Unreadable),
            _ => Ok(read),
        }
    }

    /// The body as the engine counts it.
    pub fn body(&self, submit: &Submit<'a>) -> Body<'a> {
        let sar = match self.sar {
            [Some(reference), Some(total), Some(sequence)] => u8::try_from(total)
                .ok()
                .zip(u8::try_from(sequence).ok())
                .map(|(total, sequence)| Sar { reference, total, sequence }),
            _ => None,
        };
        Body {
            data_coding: submit.data_coding,
            udhi: submit.esm_class & UDHI != 0,
            sar,
            octets: submit.payload,
            in_payload: submit.from_message_payload,
        }
    }

    /// The octets that tell a part of a long message from the others: the reference and its own number.
    fn part(&self, submit: &Submit<'_>) -> Option<Vec<u8>> {
        if let [Some(reference), Some(_), Some(number)] = self.sar {
            return Some([reference.to_be_bytes(), number.to_be_bytes()].concat());
        }
        let has_header = submit.esm_class & UDHI != 0;
        has_header.then(|| segments::part_of_header(submit.payload)).flatten().map(<[u8]>::to_vec)
    }

    /// The key that user_message_reference makes with source and destinations, for accounts that opt in: with the part
    /// where the message is one of a long one.
    pub fn key_of_reference(&self, submit: &Submit<'_>) -> Option<Vec<u8>> {
        let reference = self.user_message_reference?;
        let mut key = b"umr:".to_vec();
        key.extend_from_slice(&reference.to_be_bytes());
        key.extend_from_slice(submit.source.digits);
        key.push(0);
        match submit.destinations {
            Destinations::One(to) => key.extend_from_slice(to.digits),
            Destinations::Many(_) => key.extend_from_slice(&fingerprint(submit).to_be_bytes()),
        }
        // The parts of a long message may all have the reference of the whole.
        if let Some(part) = self.part(submit) {
            key.push(0);
            key.extend_from_slice(&part);
        }
        Some(key)
    }
}

/// A hash of the message's contents, kept on disk, that tells a resend from another message under the same key.
pub fn fingerprint(submit: &Submit<'_>) -> u64 {
    let mut hasher = Fnv::default();
    let destinations = submit.destinations.iter().map(|to| to.digits);
    for part in [submit.source.digits, &[submit.data_coding], submit.payload].into_iter().chain(destinations)
    {
        hasher.write(part);
        hasher.write(&[0xFF]);
    }
    hasher.finish()
}

fn trim_nul(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., 0] = value {
        value = rest;
    }
    value
}

fn bounded(value: &[u8], octets_max: usize) -> Result<&[u8], Unreadable> {
    if (1..=octets_max).contains(&value.len()) { Ok(value) } else { Err(Unreadable) }
}

/// One or two octets; peers are known to send either.
fn number(value: &[u8]) -> Option<u16> {
    match value {
        [low] => Some(u16::from(*low)),
        [high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}
