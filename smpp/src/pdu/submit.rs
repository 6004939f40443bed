//! submit_sm, data_sm and submit_multi as one borrowed request: the hot path.
//!
//! Choices where the standard leaves room or real clients leave the standard:
//! - `message_payload` together with a non-empty `short_message` is refused with ESME_RINVMSGLEN: which of
//!   the two is meant, and so the price, would be a guess;
//! - a damaged `message_payload` or `sar_*` parameter is refused with ESME_RINVTLVLEN, and one that is there twice with
//!   ESME_RINVTLVSTREAM, because it decides the price; any other damaged parameter, and stray octets, are left out and
//!   counted;
//! - optional parameters beside `message_payload` of more than 4,096 octets are refused with ESME_RINVTLVLEN;
//! - addresses of a data_sm are held to the 20 characters of a submit_sm, since none of them could be longer;
//! - esm_class, data_coding, type of number and numbering plan are passed on with every value.

use rusmpp::{CommandId, CommandStatus};

use super::reader::Reader;
use super::{Address, Destinations, SmppTime, Tlvs};

const SERVICE_TYPE_LENGTH_MAX: usize = 5;
const TIME_LENGTH_MAX: usize = 16;

/// The filters of a list of operation brought a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubmitKind {
    /// SMPP 3.4 §4.4.
    SubmitSm,
    /// SMPP 3.4 §4.7.
    DataSm,
    /// SMPP 3.4 §4.5.
    SubmitMulti,
}

impl SubmitKind {
    /// The `command_id` of the request.
    pub fn command(self) -> CommandId {
        match self {
            Self::SubmitSm => CommandId::SubmitSm,
            Self::DataSm => CommandId::DataSm,
            Self::SubmitMulti => CommandId::SubmitMulti,
        }
    }
}

/// A message to submit, borrowed from the read buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Submit<'a> {
    /// The filters of a list of operation.
    pub kind: SubmitKind,
    /// Of the request, to be echoed.
    pub sequence: u32,
    /// At most 5 octets, mostly empty.
    pub service_type: &'a [u8],
    /// The sender; may be empty.
    pub source: Address<'a>,
    /// The destinations of the message.
    pub destinations: Destinations<'a>,
    /// SMPP 3.4 §5.2.12.
    pub esm_class: u8,
    /// SMPP 3.4 §5.2.13; 0 in a data_sm.
    pub protocol_id: u8,
    /// SMPP 3.4 §5.2.14; 0 in a data_sm.
    pub priority_flag: u8,
    /// Empty, or 16 characters that [`SmppTime::parse`] takes.
    pub schedule: &'a [u8],
    /// Empty, or 16 characters that [`SmppTime::parse`] takes.
    pub validity: &'a [u8],
    /// SMPP 3.4 §5.2.17.
    pub registered_delivery: u8,
    /// 1 to replace an earlier message (SMPP 3.4 §5.2.18); 0 in a data_sm.
    pub replace_if_present: u8,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// SMPP 3.4 §5.2.20; 0 for none.
    pub default_message_id: u8,
    /// The text: short_message, or the message_payload parameter. May be empty.
    pub payload: &'a [u8],
    /// True if `payload` came as a message_payload parameter.
    pub from_message_payload: bool,
    /// All optional parameters that are whole, message_payload included.
    pub tlvs: Tlvs<'a>,
    /// True if octets behind the mandatory fields were left out of `tlvs`.
    pub tlvs_dropped: bool,
    /// The tag of the parameter that claimed more octets than there were, for a receiver that relies
    /// on that tag.
    pub overrun_tag: Option<u16>,
}

impl<'a> Submit<'a> {
    /// Reads the body of a request. The error is the `command_status` to answer with.
    pub fn parse(kind: SubmitKind, sequence: u32, body: &'a [u8]) -> Result<Self, CommandStatus> {
        let reader = &mut Reader::new(body);
        let service_type = reader.c_octets(SERVICE_TYPE_LENGTH_MAX, CommandStatus::EsmeRinvsertyp)?;
        let source = reader.address(CommandStatus::EsmeRinvsrcadr)?;
        let destinations = match kind {
            SubmitKind::SubmitMulti => Destinations::read_many(reader)?,
            SubmitKind::SubmitSm | SubmitKind::DataSm => Destinations::read_one(reader)?,
        };
        let fields = match kind {
            SubmitKind::DataSm => Fields::read_data(reader)?,
            SubmitKind::SubmitSm | SubmitKind::SubmitMulti => Fields::read_submit(reader)?,
        };

        let tlvs = Tlvs::new(reader.rest());
        let summary = tlvs.summarise();
        Ok(Self {
            kind,
            sequence,
            service_type,
            source,
            destinations,
            esm_class: fields.esm_class,
            protocol_id: fields.protocol_id,
            priority_flag: fields.priority_flag,
            schedule: fields.schedule,
            validity: fields.validity,
            registered_delivery: fields.registered_delivery,
            replace_if_present: fields.replace_if_present,
            data_coding: fields.data_coding,
            default_message_id: fields.default_message_id,
            payload: summary.text(fields.short_message)?,
            from_message_payload: summary.payload.is_some(),
            tlvs,
            tlvs_dropped: summary.dropped,
            overrun_tag: summary.overrun,
        })
    }
}

/// The mandatory fields behind the addresses.
#[derive(Default)]
struct Fields<'a> {
    esm_class: u8,
    protocol_id: u8,
    priority_flag: u8,
    schedule: &'a [u8],
    validity: &'a [u8],
    registered_delivery: u8,
    replace_if_present: u8,
    data_coding: u8,
    default_message_id: u8,
    short_message: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read_submit(reader: &mut Reader<'a>) -> Result<Self, CommandStatus> {
        Ok(Self {
            esm_class: reader.octet()?,
            protocol_id: reader.octet()?,
            priority_flag: reader.octet()?,
            schedule: read_time(reader, CommandStatus::EsmeRinvsched)?,
            validity: read_time(reader, CommandStatus::EsmeRinvexpiry)?,
            registered_delivery: reader.octet()?,
            replace_if_present: reader.octet()?,
            data_coding: reader.octet()?,
            default_message_id: reader.octet()?,
            short_message: {
                let length = reader.octet()?;
                reader.octets(usize::from(length), CommandStatus::EsmeRinvmsglen)?
            },
        })
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

/// A time field: empty or 16 characters of the right form, else `invalid`.
fn read_time<'a>(reader: &mut Reader<'a>, invalid: CommandStatus) -> Result<&'a [u8], CommandStatus> {
    let field = reader.c_octets(TIME_LENGTH_MAX, invalid)?;
    SmppTime::parse(field).map_err(|_| invalid)?;
    Ok(field)
}

/// The text is left out, so that a request can be logged.
impl std::fmt::Debug for Submit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submit")
            .field("kind", &self.kind)
            .field("sequence", &self.sequence)
            .field("destinations", &self.destinations.count())
            .field("esm_class", &self.esm_class)
            .field("data_coding", &self.data_coding)
            .field("payload_length", &self.payload.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}
