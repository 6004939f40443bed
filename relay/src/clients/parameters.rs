//! The parameters of a submit beyond its text: the TLVs that rating and charging read, and the body as the engine counts
//! it.

use std::hash::Hasher;

use tollgate_engine::account::network_from_tlv;
use tollgate_engine::segments::{self, Body, Sar};
use tollgate_smpp::pdu::{Destinations, Submit};
use tollgate_storage::keys::KEY_OCTETS_MAX;

use tollgate_provisioning::TlvTags;
use tollgate_storage::cdr::USER_SMS_ID_OCTETS_MAX;
use tollgate_storage::fnv::Fnv;

/// The tag of user_message_reference (SMPP 3.4 §5.3.2.17).
pub(crate) const USER_MESSAGE_REFERENCE: u16 = 0x0204;
/// The tags of a part of a long message (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
const SAR_MSG_REF_NUM: u16 = 0x020C;
const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
const SAR_SEGMENT_SEQNUM: u16 = 0x020F;

/// The tag of the client's own id in messages that come without a bind, where the account has none for it. No gateway's is it:
/// SMPP reserves it (SMPP 3.4 §5.3.1).
pub(crate) const OWN_USER_SMS_ID: u16 = 0xFFFF;

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
    /// The client's own id for the message.
    pub user_sms_id: Option<&'a [u8]>,
    /// The client's own number for the message.
    pub user_message_reference: Option<u16>,
    sar: [Option<u16>; 3],
}

/// A parameter that decides about the price, or about charging twice, cannot be read, or is there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl<'a> Parameters<'a> {
    /// Reads them in one pass. Vendors differ in whether a text ends with NUL, so trailing ones are dropped.
    ///
    /// `reference_is_key` says that user_message_reference decides about charging twice, as with accounts that opt in.
    pub fn read(submit: &Submit<'a>, tags: &TlvTags, reference_is_key: bool) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        if submit.tlvs.is_empty() {
            return Ok(read);
        }
        for tlv in submit.tlvs {
            let text = trim_nul(tlv.value);
            match tlv.tag {
                USER_MESSAGE_REFERENCE if reference_is_key => {
                    once(&mut read.user_message_reference, number(tlv.value).ok_or(Unreadable)?)?;
                }
                USER_MESSAGE_REFERENCE => read.user_message_reference = number(tlv.value),
                SAR_MSG_REF_NUM => read.sar[0] = number(tlv.value),
                SAR_TOTAL_SEGMENTS => read.sar[1] = number(tlv.value),
                SAR_SEGMENT_SEQNUM => read.sar[2] = number(tlv.value),
                tag if tag == tags.idempotency_key => {
                    once(&mut read.idempotency_key, bounded(text, KEY_OCTETS_MAX)?)?;
                }
                tag if tag == tags.dispatch_id => {
                    once(&mut read.dispatch_id, bounded(text, DISPATCH_OCTETS_MAX)?)?;
                }
                tag if Some(tag) == tags.user_sms_id => {
                    once(&mut read.user_sms_id, bounded(text, USER_SMS_ID_OCTETS_MAX)?)?;
                }
                tag if tag == tags.network => {
                    network_from_tlv(text).ok_or(Unreadable)?;
                    once(&mut read.network, text)?;
                }
                tag if tag == tags.price_request => read.wants_price = text == b"1",
                _ => {}
            }
        }
        read.check_sar()?;
        let decides = [tags.idempotency_key, tags.dispatch_id, tags.network];
        let is_cut_off = submit
            .overrun_tag
            .is_some_and(|tag| decides.contains(&tag) || (reference_is_key && tag == USER_MESSAGE_REFERENCE));
        if is_cut_off { Err(Unreadable) } else { Ok(read) }
    }

    /// Refuses a part of a long message whose number cannot be: 1 to the number of parts (SMPP 3.4 §5.3.2.23, §5.3.2.24).
    /// Where one of the three is missing, the standard has the others ignored.
    fn check_sar(&self) -> Result<(), Unreadable> {
        match self.sar {
            [Some(_), Some(total), Some(sequence)] if !(1..=total).contains(&sequence) => Err(Unreadable),
            _ => Ok(()),
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

/// Puts a value into its place. It is not known which one is meant where there are two.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Unreadable> {
    if place.replace(value).is_some() { Err(Unreadable) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use tollgate_smpp::pdu::SubmitKind;

    use super::*;

    /// A submit_sm of a usual message with these optional parameters.
    fn body(tlvs: &[u8]) -> Vec<u8> {
        [b"\0\0\0\0\x01\x01254722000001\0\0\0\0\0\0\0\0\0\0\0".as_slice(), tlvs].concat()
    }

    /// One parameter that claims `length` octets and has those of `value`.
    fn claiming(tag: u16, length: u16, value: &[u8]) -> Vec<u8> {
        [&tag.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
    }

    fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
        claiming(tag, u16::try_from(value.len()).unwrap(), value)
    }

    fn is_read(tlvs: &[u8], reference_is_key: bool) -> bool {
        let body = body(tlvs);
        let submit = Submit::parse(SubmitKind::SubmitSm, 1, &body).unwrap();
        Parameters::read(&submit, &TlvTags::default(), reference_is_key).is_ok()
    }

    #[test]
    fn what_decides_about_money_is_whole_once_and_in_range_or_refused() {
        let tags = TlvTags::default();
        let (key, dispatch, network) = (tags.idempotency_key, tags.dispatch_id, tags.network);
        let twice = |tag, one: &[u8], other: &[u8]| [tlv(tag, one), tlv(tag, other)].concat();
        for (story, tlvs) in [
            ("a network that overruns", claiming(network, 6, b"63902")),
            ("a network that overruns with its first octet", claiming(network, 0xFFFF, b"")),
            ("no network at all", tlv(network, b"")),
            ("a network of too few digits", tlv(network, b"63")),
            ("a network of too many digits", tlv(network, b"6390234")),
            ("a network in letters", tlv(network, b"63x02")),
            ("two networks", twice(network, b"63902", b"63903")),
            ("the same network twice", twice(network, b"63902", b"63902")),
            ("a key that overruns", claiming(key, 9, b"order-1")),
            ("an empty key", tlv(key, b"")),
            ("a key that is too long", tlv(key, &[b'x'; KEY_OCTETS_MAX + 1])),
            ("two keys", twice(key, b"order-1", b"order-2")),
            ("a dispatch that overruns", claiming(dispatch, 9, b"sale")),
            ("two dispatches", twice(dispatch, b"sale", b"other")),
            ("part zero", sar(2, 0)),
            ("part three of two", sar(2, 3)),
            ("a part of none", sar(0, 0)),
        ] {
            assert!(!is_read(&tlvs, false), "{story}");
            assert!(!is_read(&tlvs, true), "{story}");
        }
        for (story, tlvs) in [
            ("a network", tlv(network, b"63902")),
            ("a network with NUL", tlv(network, b"639/02\0")),
            ("a key and a dispatch", [tlv(key, b"order-1"), tlv(dispatch, b"sale")].concat()),
            ("part two of two", sar(2, 2)),
            ("a part without its number", tlv(SAR_TOTAL_SEGMENTS, &[2])),
            ("another's that overruns", claiming(0x1460, 9, b"x")),
            ("another's twice", twice(0x1460, b"x", b"y")),
        ] {
            assert!(is_read(&tlvs, false), "{story}");
            assert!(is_read(&tlvs, true), "{story}");
        }
    }

    #[test]
    fn user_message_reference_is_held_to_its_form_where_it_is_the_key() {
        for (story, tlvs, as_key) in [
            ("two octets", tlv(USER_MESSAGE_REFERENCE, &[0, 7]), true),
            ("one octet, as some send it", tlv(USER_MESSAGE_REFERENCE, &[7]), true),
            ("none", tlv(USER_MESSAGE_REFERENCE, &[]), false),
            ("four octets", tlv(USER_MESSAGE_REFERENCE, &[0, 0, 0, 7]), false),
            ("overrunning", claiming(USER_MESSAGE_REFERENCE, 2, &[7]), false),
            (
                "twice",
                [tlv(USER_MESSAGE_REFERENCE, &[0, 7]), tlv(USER_MESSAGE_REFERENCE, &[0, 8])].concat(),
                false,
            ),
        ] {
            assert_eq!((is_read(&tlvs, true), is_read(&tlvs, false)), (as_key, true), "{story}");
        }
    }

    fn sar(total: u8, number: u8) -> Vec<u8> {
        [tlv(SAR_MSG_REF_NUM, &[0, 5]), tlv(SAR_TOTAL_SEGMENTS, &[total]), tlv(SAR_SEGMENT_SEQNUM, &[number])]
            .concat()
    }
}
