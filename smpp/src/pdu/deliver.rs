//! deliver_sm and data_sm as a message centre sends them to us: receipts, mostly.
//!
//! Read as leniently as a submit, and more so: a receipt that is turned away is a message whose outcome stays
//! unknown. Times are skipped whatever they hold, addresses may be as long as those of a data_sm, and
//! optional parameters of odd lengths are kept. Only a body that ends inside a mandatory field is an error.

use std::borrow::Cow;
use std::fmt;

use rusmpp::tlvs::TlvTag;
use rusmpp::{CommandId, CommandStatus};

use super::reader::Reader;
use super::{Address, Tlvs};
use crate::receipt::{Receipt, TextFields};

/// More than the standard's 5; nothing hangs on it.
const SERVICE_TYPE_LENGTH_MAX: usize = 32;
/// As in a data_sm (SMPP 3.4 §4.7.1); a deliver_sm has at most 20.
const ADDRESS_LENGTH_MAX: usize = 64;
/// Unused in a deliver_sm, and not looked at.
const TIME_LENGTH_MAX: usize = 64;

/// Bits 5 to 2 of esm_class (SMPP 3.4 §5.2.12).
const MESSAGE_TYPE_MASK: u8 = 0b0011_1100;
const FINAL_RECEIPT: u8 = 0x04;
const INTERMEDIATE_NOTIFICATION: u8 = 0x20;
/// The text begins with a header of its own.
const UDH_INDICATOR: u8 = 0x40;

/// A message from a message centre, borrowed from the read buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Deliver<'a> {
    /// To be echoed. What a [`Link`](crate::link::Link) hands out has the link's own number here, which no
    /// other message has, not even over the next connection; its acknowledgement goes by that number.
    pub sequence: u32,
    /// `DeliverSm` or `DataSm`.
    pub command: CommandId,
    /// The service_type, which is mostly empty.
    pub service_type: &'a [u8],
    /// The sender; of a receipt, the recipient of the message.
    pub source: Address<'a>,
    /// The recipient; of a receipt, the sender of the message.
    pub destination: Address<'a>,
    /// SMPP 3.4 §5.2.12.
    pub esm_class: u8,
    /// SMPP 3.4 §5.2.13; 0 in a data_sm.
    pub protocol_id: u8,
    /// SMPP 3.4 §5.2.14; 0 in a data_sm.
    pub priority_flag: u8,
    /// SMPP 3.4 §5.2.17.
    pub registered_delivery: u8,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// The text: short_message, or the message_payload parameter where that is empty.
    pub payload: &'a [u8],
    /// All optional parameters that are whole, message_payload included.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Deliver<'a> {
    /// Reads the body of a `command` that is `DeliverSm` or `DataSm`. The error is the `command_status` to
    /// answer with.
    pub fn parse(command: CommandId, sequence: u32, body: &'a [u8]) -> Result<Self, CommandStatus> {
        let reader = &mut Reader::new(body);
        let service_type = reader.c_octets(SERVICE_TYPE_LENGTH_MAX, CommandStatus::EsmeRinvsertyp)?;
        let source = read_address(reader, CommandStatus::EsmeRinvsrcadr)?;
        let destination = read_address(reader, CommandStatus::EsmeRinvdstadr)?;
        let fields =
            if command == CommandId::DataSm { Fields::read_data(reader)? } else { Fields::read(reader)? };
        let tlvs = Tlvs::new(reader.rest());
        let in_tlv = || tlvs.get(TlvTag::MessagePayload.into()).unwrap_or_default();
        let payload = if fields.short_message.is_empty() { in_tlv() } else { fields.short_message };
        Ok(Self {
            sequence,
            command,
            service_type,
            source,
            destination,
            esm_class: fields.esm_class,
            protocol_id: fields.protocol_id,
            priority_flag: fields.priority_flag,
            registered_delivery: fields.registered_delivery,
            data_coding: fields.data_coding,
            payload,
            tlvs,
        })
    }

    /// True if this tells what became of a message of ours: esm_class says so, or it says nothing and there
    /// is a receipted_message_id or a text that is unmistakably a receipt.
    pub fn is_receipt(&self) -> bool {
        match self.esm_class & MESSAGE_TYPE_MASK {
            FINAL_RECEIPT | INTERMEDIATE_NOTIFICATION => true,
            0 => self.tlvs.get(TlvTag::ReceiptedMessageId.into()).is_some() || self.text_is_a_receipt(),
            _ => false,
        }
    }

    /// The receipt in it, from the optional parameters or else from the text. `None` for a message that is
    /// no receipt, and for a receipt that does not name its message.
    pub fn receipt(&self) -> Option<Receipt> {
        if !self.is_receipt() {
            return None;
        }
        let intermediate = self.esm_class & MESSAGE_TYPE_MASK == INTERMEDIATE_NOTIFICATION;
        Receipt::of_parts(self.tlvs, &TextFields::read(&self.text()), intermediate)
    }

    fn text_is_a_receipt(&self) -> bool {
        TextFields::read(&self.text()).are_unmistakable()
    }

    /// The text without a user data header, its octets as ASCII has them where it is written in 16-bit units.
    fn text(&self) -> Cow<'a, [u8]> {
        let has_header = self.esm_class & UDH_INDICATOR != 0;
        let text = if has_header { without_header(self.payload) } else { self.payload };
        match text {
            [0, _, 0, _, ..] => Cow::Owned(text.chunks_exact(2).filter_map(<[u8]>::last).copied().collect()),
            _ => Cow::Borrowed(text),
        }
    }
}

/// The octets behind a user data header, whose first octet counts the others.
fn without_header(payload: &[u8]) -> &[u8] {
    let length = payload.first().map_or(0, |length| usize::from(*length) + 1);
    payload.get(length..).unwrap_or_default()
}

fn read_address<'a>(reader: &mut Reader<'a>, too_long: CommandStatus) -> Result<Address<'a>, CommandStatus> {
    Ok(Address {
        ton: reader.octet()?,
        npi: reader.octet()?,
        digits: reader.c_octets(ADDRESS_LENGTH_MAX, too_long)?,
    })
}

/// The mandatory fields behind the addresses.
#[derive(Default)]
struct Fields<'a> {
    esm_class: u8,
    protocol_id: u8,
    priority_flag: u8,
    registered_delivery: u8,
    data_coding: u8,
    short_message: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, CommandStatus> {
        let (esm_class, protocol_id, priority_flag) = (reader.octet()?, reader.octet()?, reader.octet()?);
        reader.c_octets(TIME_LENGTH_MAX, CommandStatus::EsmeRinvsched)?;
        reader.c_octets(TIME_LENGTH_MAX, CommandStatus::EsmeRinvexpiry)?;
        let (registered_delivery, _replace_if_present) = (reader.octet()?, reader.octet()?);
        let (data_coding, _default_message_id) = (reader.octet()?, reader.octet()?);
        let length = reader.octet()?;
        let short_message = reader.octets(usize::from(length), CommandStatus::EsmeRinvmsglen)?;
        Ok(Self { esm_class, protocol_id, priority_flag, registered_delivery, data_coding, short_message })
    }

    fn read_data(reader: &mut Reader<'a>) -> Result<Self, CommandStatus> {
        Ok(Self {
            esm_class: reader.octet()?,
            registered_delivery: reader.octet()?,
            data_coding: reader.octet()?,
            ..Self::default()
        })
    }
}

/// The text is left out, so that a message can be logged.
impl fmt::Debug for Deliver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver")
            .field("command", &self.command)
            .field("sequence", &self.sequence)
            .field("esm_class", &self.esm_class)
            .field("data_coding", &self.data_coding)
            .field("payload_length", &self.payload.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}
