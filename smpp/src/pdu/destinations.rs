//! The destinations of a message: one address, or the list of a submit_multi (SMPP 3.4 §4.5.1.1).

use rusmpp::CommandStatus;
use rusmpp::values::DestFlag;

use super::Address;
use super::reader::Reader;

/// One destination, or many. Many were checked when they were read and are walked where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destinations<'a> {
    /// Of a submit_sm or data_sm.
    One(Address<'a>),
    /// Of a submit_multi.
    Many(DestinationList<'a>),
}

/// The destinations of a submit_multi, as sent: between 1 and 255 SME addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestinationList<'a> {
    count: u8,
    octets: &'a [u8],
}

impl<'a> Destinations<'a> {
    /// The number of destinations, at least one.
    pub fn count(&self) -> u8 {
        match self {
            Self::One(_) => 1,
            Self::Many(list) => list.count,
        }
    }

    /// Each of them, in the order sent.
    pub fn iter(&self) -> DestinationsIter<'a> {
        match *self {
            Self::One(address) => DestinationsIter { one: Some(address), many: Reader::new(&[]) },
            Self::Many(list) => DestinationsIter { one: None, many: Reader::new(list.octets) },
        }
    }

    /// A destination_addr with its type: ESME_RINVDSTADR where it is empty or too long.
    pub(super) fn read_one(reader: &mut Reader<'a>) -> Result<Self, CommandStatus> {
        let address = reader.address(CommandStatus::EsmeRinvdstadr)?;
        if address.digits.is_empty() {
            return Err(CommandStatus::EsmeRinvdstadr);
        }
        Ok(Self::One(address))
    }

    /// number_of_dests and the addresses. An empty address in the list is let through: it costs itself, not
    /// its neighbours. Distribution lists are not kept here, hence ESME_RCNTSUBDL.
    pub(super) fn read_many(reader: &mut Reader<'a>) -> Result<Self, CommandStatus> {
        let count = reader.octet()?;
        if count == 0 {
            return Err(CommandStatus::EsmeRinvnumdests);
        }
        let from = reader.rest();
        for _ in 0..count {
            match DestFlag::from(reader.octet()?) {
                DestFlag::SmeAddress => reader.address(CommandStatus::EsmeRinvdstadr)?,
                DestFlag::DistributionListName => return Err(CommandStatus::EsmeRcntsubdl),
                DestFlag::Other(_) => return Err(CommandStatus::EsmeRinvdestflag),
            };
        }
        let length = from.len() - reader.rest().len();
        Ok(Self::Many(DestinationList { count, octets: from.get(..length).unwrap_or_default() }))
    }
}

impl<'a> IntoIterator for &Destinations<'a> {
    type Item = Address<'a>;
    type IntoIter = DestinationsIter<'a>;

    fn into_iter(self) -> DestinationsIter<'a> {
        self.iter()
    }
}

/// Walks over [`Destinations`].
#[derive(Clone, Debug)]
pub struct DestinationsIter<'a> {
    one: Option<Address<'a>>,
    many: Reader<'a>,
}

impl<'a> Iterator for DestinationsIter<'a> {
    type Item = Address<'a>;

    fn next(&mut self) -> Option<Address<'a>> {
        self.one.take().or_else(|| {
            self.many.octet().ok()?;
            self.many.address(CommandStatus::EsmeRinvdstadr).ok()
        })
    }
}
