//! The units that the network sends a message in, and the octets that hold them.

use std::fmt;

/// Octets of user data in one short message (3GPP TS 23.040 §9.2.3.16).
pub(super) const OCTETS: usize = 140;

/// Octets that concatenation adds to a header: an element with an 8-bit reference (3GPP TS 23.040
/// §9.2.3.24.1).
pub(super) const CONCATENATION_OCTETS: usize = 5;

/// The units that the network sends a message in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Septets of the GSM 7-bit alphabet.
    Gsm7,
    /// Code units of UTF-16.
    Ucs2,
    /// Octets of anything else.
    Octets,
}

impl Coding {
    /// The number of units that fit into so many octets.
    pub(super) const fn capacity(self, octets: usize) -> usize {
        match self {
            Self::Gsm7 => octets * 8 / 7,
            Self::Ucs2 => octets / 2,
            Self::Octets => octets,
        }
    }

    /// The name for people and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
            Self::Octets => "8-bit",
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
