//! Reads delivery receipts as far as a sender of messages needs them: the message's id and its final state.

use rusmpp::tlvs::TlvTag;
use tollgate_smpp::frame::Frame;
use tollgate_smpp::pdu::Deliver;
use tollgate_smpp::receipt::{TextFields, state_of_parameter, state_word};

/// Bits 5 to 2 of esm_class (SMPP 3.4 §5.2.12): anything but a plain message is a receipt or a notification.
const MESSAGE_TYPE_MASK: u8 = 0b0011_1100;
const INTERMEDIATE: u8 = 0x20;

/// The word for every state that the standard does not have.
const OTHER: &str = "OTHER";

/// A final receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The id of the message, as written there.
    pub message_id: &'a [u8],
    /// The number that the message was sent to.
    pub recipient: &'a [u8],
    /// The standard's word for the state, such as `DELIVRD`.
    pub state: &'static str,
}

impl<'a> Receipt<'a> {
    /// Reads a deliver_sm or data_sm; `None` where it is no final receipt that names a message.
    pub fn read(pdu: &Frame<'a>) -> Option<Self> {
        let deliver = Deliver::parse(pdu.header.command, pdu.header.sequence, pdu.body).ok()?;
        let kind = deliver.esm_class & MESSAGE_TYPE_MASK;
        if kind == 0 || kind == INTERMEDIATE {
            return None;
        }
        let parameter = |tag: TlvTag| deliver.tlvs.get(tag.into());
        let id = parameter(TlvTag::ReceiptedMessageId).map(|id| id.strip_suffix(b"\0").unwrap_or(id));
        let state = parameter(TlvTag::MessageState).and_then(state_of_parameter);
        // The text, which takes longer to read, is read only where the parameters do not tell everything.
        let (message_id, state) = match (id, state) {
            (Some(id), Some(state)) => (id, Some(state)),
            (id, state) => {
                let text = TextFields::read(deliver.payload);
                (id.or(text.id)?, state.or(text.state()))
            }
        };
        Some(Self { message_id, recipient: deliver.source.digits, state: state.map_or(OTHER, state_word) })
    }
}

#[cfg(test)]
mod tests {
    use rusmpp::CommandId;
    use tollgate_smpp::frame::Header;

    use super::*;

    const ADDRESSES: &[u8] = b"\0\x01\x01491701234567\0\x05\0Bank\0";

    fn deliver_sm(esm_class: u8, text: &[u8], tlvs: &[u8]) -> Vec<u8> {
        let length = [u8::try_from(text.len()).unwrap()];
        [ADDRESSES, &[esm_class], b"\0\0\0\0\0\0\0\0", &length, text, tlvs].concat()
    }

    fn read(command: CommandId, body: &[u8]) -> Option<(String, &'static str)> {
        let pdu = Frame { header: Header { command, status: 0, sequence: 1 }, body };
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
