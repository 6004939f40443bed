//! Reads delivery receipts as far as a sender of messages needs them: which message, and what became of it.

use rusmpp::CommandId;

use super::wire::Pdu;

/// Bits 5 to 2 of esm_class (SMPP 3.4 §5.2.12): anything but a plain message is a receipt or a notification.
const MESSAGE_TYPE_MASK: u8 = 0b0011_1100;
const INTERMEDIATE: u8 = 0x20;

/// Tags of optional parameters (SMPP 3.4 §5.3.2).
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;

/// The words for states, by number (SMPP 3.4 Appendix B; the first and the last are from 5.0).
const WORDS: [&str; 10] = [
    "SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    "SKIPPED",
];

/// What stands for any other word, so that there is an end to them.
const OTHER: &str = "OTHER";

/// A final receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The id of the message, as written there.
    pub message_id: &'a [u8],
    /// Whom the message was for.
    pub recipient: &'a [u8],
    /// Such as `DELIVRD`.
    pub state: &'static str,
}

impl<'a> Receipt<'a> {
    /// Reads a deliver_sm or data_sm; `None` where it is no final receipt that names a message.
    pub fn read(pdu: &Pdu<'a>) -> Option<Self> {
        let rest = &mut { pdu.body };
        c_octets(rest)?;
        let recipient = address(rest)?;
        address(rest)?;
        let esm_class = octets(rest, 1)?.first()?;
        let text = if CommandId::from(pdu.command_id) == CommandId::DataSm {
            octets(rest, 2)?;
            None
        } else {
            octets(rest, 2)?;
            c_octets(rest)?;
            c_octets(rest)?;
            let length = octets(rest, 5)?.last()?;
            Some(octets(rest, usize::from(*length))?)
        };
        let kind = esm_class & MESSAGE_TYPE_MASK;
        if kind == 0 || kind == INTERMEDIATE {
            return None;
        }
        let tlvs = Parameters::read(rest);
        let text = text.filter(|text| !text.is_empty()).or(tlvs.payload).unwrap_or_default();
        let message_id = tlvs.message_id.or_else(|| field(text, b"id:"))?;
        let state = tlvs.state.or_else(|| field(text, b"stat:").map(named)).unwrap_or(OTHER);
        Some(Self { message_id, recipient, state })
    }
}

/// What optional parameters say.
#[derive(Default)]
struct Parameters<'a> {
    message_id: Option<&'a [u8]>,
    state: Option<&'static str>,
    payload: Option<&'a [u8]>,
}

impl<'a> Parameters<'a> {
    fn read(rest: &mut &'a [u8]) -> Self {
        let mut found = Self::default();
        while let Some([tag_high, tag_low, length_high, length_low]) = octets(rest, 4) {
            let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
            let Some(value) = octets(rest, length) else { break };
            match u16::from_be_bytes([*tag_high, *tag_low]) {
                RECEIPTED_MESSAGE_ID => found.message_id = Some(value.strip_suffix(b"\0").unwrap_or(value)),
                MESSAGE_STATE => {
                    found.state = value.first().and_then(|state| WORDS.get(usize::from(*state))).copied();
                }
                MESSAGE_PAYLOAD => found.payload = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// The word behind `name`, to the next space.
fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let words = text.split(|octet| *octet == b' ');
    words.filter_map(|word| word.strip_prefix(name)).find(|value| !value.is_empty())
}

fn named(word: &[u8]) -> &'static str {
    WORDS.into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(word)).unwrap_or(OTHER)
}

fn octets<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn c_octets<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = rest.iter().position(|octet| *octet == 0)?;
    octets(rest, length + 1)?.get(..length)
}

fn address<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    octets(rest, 2)?;
    c_octets(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: &[u8] = b"\0\x01\x01491701234567\0\x05\0Bank\0";

    fn deliver_sm(esm_class: u8, text: &[u8], tlvs: &[u8]) -> Vec<u8> {
        let length = [u8::try_from(text.len()).unwrap()];
        [ADDRESSES, &[esm_class], b"\0\0\0\0\0\0\0\0", &length, text, tlvs].concat()
    }

    fn read(command: CommandId, body: &[u8]) -> Option<(String, &'static str)> {
        let pdu = Pdu { command_id: command.into(), status: 0, sequence: 1, body };
        let receipt = Receipt::read(&pdu)?;
        assert_eq!(receipt.recipient, b"491701234567");
        Some((String::from_utf8(receipt.message_id.to_vec()).unwrap(), receipt.state))
    }

    fn of_text(text: &str) -> Option<(String, &'static str)> {
        read(CommandId::DeliverSm, &deliver_sm(0x04, text.as_bytes(), b""))
    }

    #[test]
    fn the_text_is_read() {
        let text =
            "id:17 sub:001 dlvrd:001 submit date:2611210800 done date:2611210801 stat:UNDELIV err:001 text:";
        assert_eq!(of_text(text), Some(("17".to_owned(), "UNDELIV")));
        assert_eq!(of_text("id:17 stat:delivrd"), Some(("17".to_owned(), "DELIVRD")));
        assert_eq!(of_text("id:17 stat:LOST"), Some(("17".to_owned(), "OTHER")));
        assert_eq!(of_text("id: stat:DELIVRD"), None);
        assert_eq!(of_text("hello"), None);
    }

    #[test]
    fn parameters_count_for_more() {
        let tlvs = b"\x00\x1E\0\x0318\0\x04\x27\0\x01\x03";
        let both = deliver_sm(0x04, b"id:17 stat:DELIVRD", tlvs);
        assert_eq!(read(CommandId::DeliverSm, &both), Some(("18".to_owned(), "EXPIRED")));
        assert_eq!(
            read(CommandId::DeliverSm, &deliver_sm(0x04, b"", tlvs)),
            Some(("18".to_owned(), "EXPIRED"))
        );
        let payload = b"\x04\x24\0\x12id:17 stat:DELIVRD";
        assert_eq!(
            read(CommandId::DeliverSm, &deliver_sm(0x04, b"", payload)),
            Some(("17".to_owned(), "DELIVRD"))
        );
        let data_sm = [ADDRESSES, b"\x04\0\0", tlvs].concat();
        assert_eq!(read(CommandId::DataSm, &data_sm), Some(("18".to_owned(), "EXPIRED")));
    }

    #[test]
    fn messages_notifications_and_fragments_are_no_receipts() {
        let text = b"id:17 stat:DELIVRD";
        assert_eq!(read(CommandId::DeliverSm, &deliver_sm(0x00, text, b"")), None);
        assert_eq!(read(CommandId::DeliverSm, &deliver_sm(0x20, text, b"")), None);
        let whole = deliver_sm(0x04, text, b"");
        for length in 0..whole.len() {
            assert_eq!(read(CommandId::DeliverSm, &whole[..length]), None, "{length}");
        }
    }
}
