//! An address within the row of a message.

use crate::codec::{Reader, put_bytes};

/// An address with its type of number and numbering plan (SMPP 3.4 §5.2.5 to §5.2.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address3<'a> {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The digits as submitted.
    pub digits: &'a [u8],
}

impl<'a> Address3<'a> {
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.ton, self.npi]);
        put_bytes(out, self.digits);
    }

    pub(crate) fn take(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self { ton: reader.u8()?, npi: reader.u8()?, digits: reader.bytes()? })
    }
}
