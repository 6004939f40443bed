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

/// Octets that an address has at most (SMPP 3.4 §5.2.8).
const OCTETS_MAX: usize = 20;

/// An address that stands by itself, without memory on the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressCopy {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    len: u8,
    octets: [u8; OCTETS_MAX],
}

impl AddressCopy {
    /// The digits as submitted.
    pub fn digits(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl From<Address3<'_>> for AddressCopy {
    fn from(address: Address3<'_>) -> Self {
        let Address3 { ton, npi, digits } = address;
        let mut octets = [0; OCTETS_MAX];
        let digits = digits.get(..OCTETS_MAX).unwrap_or(digits);
        for (octet, digit) in octets.iter_mut().zip(digits) {
            *octet = *digit;
        }
        Self { ton, npi, len: u8::try_from(digits.len()).unwrap_or_default(), octets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_what_it_was_made_of_as_far_as_an_address_may_be_long() {
        for (digits, kept) in
            [("", ""), ("254722000001", "254722000001"), ("123456789012345678901", "12345678901234567890")]
        {
            let copy = AddressCopy::from(Address3 { ton: 1, npi: 2, digits: digits.as_bytes() });
            assert_eq!((copy.ton, copy.npi, copy.digits()), (1, 2, kept.as_bytes()));
        }
    }
}
