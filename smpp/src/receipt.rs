//! Delivery receipts: what became of a message, as message centres tell it and as we do.
//!
//! The standard's text (SMPP 3.4 Appendix B) is only an example and every message centre has its own reading
//! of it, so the reader goes by the names of the fields alone; where there are optional parameters they count
//! for more than the text. Nothing here matches a receipt to a message: that takes the ids of the responses
//! and the engine's forms of ids.

mod date;
mod fields;
mod number;
mod state;
mod write;

use rusmpp::tlvs::TlvTag;

use number::small_number;

use crate::pdu::Tlvs;
pub use date::ReceiptDate;
pub use fields::TextFields;
pub use state::{of_parameter as state_of_parameter, word as state_word};
pub use write::ReceiptText;

/// Octets of an id that are kept: four times what a message_id may have.
pub(crate) const ID_LENGTH_MAX: usize = 255;

/// The content of a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The message centre's id of the message, without NULs and spaces around it; never empty.
    pub id: Vec<u8>,
    /// The id that the text has, where `id` is from an optional parameter and the two differ: some message
    /// centres write one in decimal and the other in hex.
    pub other_id: Option<Vec<u8>>,
    /// The standard's number (SMPP 3.4 §5.2.28, 5.0 §4.7.15), where it is told and known.
    pub state: Option<u8>,
    /// The word or number that tells the state, where no known parameter does: what an operator means by it
    /// may differ from what `state` has.
    pub word: Option<Vec<u8>>,
    /// True if it is an intermediate notification: a later receipt tells the end.
    pub intermediate: bool,
    /// The value of `err:`; digits, mostly.
    pub error: Option<Vec<u8>>,
    /// The network_error_code parameter: the kind of network, and its 16-bit code (SMPP 3.4 §5.3.2.31).
    pub network_error: Option<[u8; 3]>,
    /// The text's `submit date:`, ten or twelve digits mostly.
    pub submitted: Option<Vec<u8>>,
    /// The text's `done date:`, ten or twelve digits mostly.
    pub done: Option<Vec<u8>>,
    /// The number of parts submitted.
    pub sub: Option<u32>,
    /// The number of parts delivered.
    pub dlvrd: Option<u32>,
    /// The user_message_reference of the message, where it is told.
    pub user_message_reference: Option<u16>,
}

impl Receipt {
    /// Reads the text of a receipt: its fields in any order, upper or lower case, and any of them missing
    /// but the id and the state. `None` of a text that has not both.
    pub fn of_text(text: &[u8]) -> Option<Self> {
        let fields = TextFields::read(text);
        fields.word()?;
        Self::of_parts(Tlvs::default(), &fields, false)
    }

    /// Puts together what the optional parameters and the text say. `None` where neither has an id.
    pub(crate) fn of_parts(tlvs: Tlvs<'_>, text: &TextFields<'_>, intermediate: bool) -> Option<Self> {
        let value = |tag: TlvTag| tlvs.get(tag.into());
        let in_tlv = value(TlvTag::ReceiptedMessageId).map(trimmed_id).filter(|id| !id.is_empty());
        let in_text = text.id.map(trimmed_id).filter(|id| !id.is_empty());
        let id = in_tlv.or(in_text)?;
        let in_parameter = value(TlvTag::MessageState);
        let state = in_parameter.and_then(state::of_parameter);
        let unknown_number =
            || in_parameter.and_then(small_number).map(|number| number.to_string().into_bytes());
        let word =
            if state.is_some() { None } else { text.word().map(<[u8]>::to_vec).or_else(unknown_number) };
        Some(Self {
            id: id.to_vec(),
            other_id: in_text.filter(|other| *other != id).map(<[u8]>::to_vec),
            state: state.or(text.state()),
            word,
            intermediate,
            error: text.err.map(<[u8]>::to_vec),
            network_error: value(TlvTag::NetworkErrorCode).and_then(|code| code.try_into().ok()),
            submitted: text.submitted.map(<[u8]>::to_vec),
            done: text.done.map(<[u8]>::to_vec),
            sub: text.sub,
            dlvrd: text.dlvrd,
            user_message_reference: value(TlvTag::UserMessageReference)
                .and_then(small_number)
                .and_then(|number| u16::try_from(number).ok()),
        })
    }
}

/// An id without what surrounds it, and no longer than ids are kept.
fn trimmed_id(field: &[u8]) -> &[u8] {
    let field = field.split(|octet| *octet == 0).next().unwrap_or_default().trim_ascii();
    field.get(..ID_LENGTH_MAX).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tlvs: &[u8], text: &[u8]) -> Option<Receipt> {
        Receipt::of_parts(Tlvs::new(tlvs), &TextFields::read(text), false)
    }

    #[test]
    fn parameters_count_for_more_than_the_text() {
        let tlvs = b"\x00\x1E\0\x04 7B\0\x04\x27\0\x01\x05\x04\x23\0\x03\x03\0\x21\x02\x04\0\x02\x01\x02";
        let receipt = of(tlvs, b"id:123 stat:DELIVRD err:000").unwrap();
        assert_eq!((&receipt.id[..], receipt.other_id.as_deref()), (&b"7B"[..], Some(&b"123"[..])));
        assert_eq!((receipt.state, receipt.network_error), (Some(5), Some([3, 0, 0x21])));
        assert_eq!(receipt.user_message_reference, Some(0x0102));
    }

    #[test]
    fn each_may_be_missing_or_empty() {
        assert_eq!(of(b"", b"stat:DELIVRD"), None);
        assert_eq!(of(b"\x00\x1E\0\x01\0", b"stat:DELIVRD"), None);
        let receipt = of(b"\x00\x1E\0\x01\0", b"id:9 stat:EXPIRED").unwrap();
        assert_eq!((&receipt.id[..], receipt.state, receipt.other_id), (&b"9"[..], Some(3), None));
        let receipt = of(b"\x00\x1E\0\x019", b"").unwrap();
        assert_eq!((&receipt.id[..], receipt.state), (&b"9"[..], None));
    }

    #[test]
    fn odd_lengths_of_parameters_do_no_harm() {
        for (state, read) in [
            (&b"\x04\x27\0\x04\0\0\0\x02"[..], Some(2)),
            (b"\x04\x27\0\x02\x01\x02", None),
            (b"\x04\x27\0\0", None),
            (b"\x04\x27\0\x01\x0A", None),
            (b"\x04\x27\0\x09\0\0\0\0\0\0\0\0\x08", Some(8)),
            (b"\x04\x27\0\x09\x01\0\0\0\0\0\0\0\x08", None),
        ] {
            let receipt = of(&[b"\x00\x1E\0\x019", state].concat(), b"").unwrap();
            assert_eq!(receipt.state, read, "{state:02x?}");
        }
        let receipt = of(b"\x00\x1E\0\x019\x04\x23\0\x02\0\x21\x02\x04\0\x01\x07", b"").unwrap();
        assert_eq!((receipt.network_error, receipt.user_message_reference), (None, Some(7)));
    }

    #[test]
    fn a_word_is_told_where_no_parameter_tells_the_state() {
        for (tlvs, text, state, word) in [
            (&b""[..], &b"id:9 stat:DELIVRD"[..], Some(2), Some(&b"DELIVRD"[..])),
            (b"", b"id:9 stat:ODD", None, Some(b"ODD")),
            (b"\x04\x27\0\x01\x01", b"id:9 stat:DELIVRD", Some(1), None),
            (b"\x04\x27\0\x01\x0A", b"id:9 stat:DELIVRD", Some(2), Some(b"DELIVRD")),
            (b"\x04\x27\0\x01\x0A", b"id:9", None, Some(b"10")),
            (b"", b"id:9", None, None),
        ] {
            let receipt = of(tlvs, text).unwrap();
            assert_eq!((receipt.state, receipt.word.as_deref()), (state, word), "{tlvs:02x?}");
        }
    }

    #[test]
    fn an_id_has_an_end() {
        let text = [&b"id:"[..], &[b'7'; 1000], b" stat:DELIVRD"].concat();
        assert_eq!(Receipt::of_text(&text).unwrap().id.len(), ID_LENGTH_MAX);
    }
}
