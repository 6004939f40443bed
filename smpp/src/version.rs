//! The version of SMPP that a bind speaks, and its consequences, towards gateways and operators.

use rusmpp::values::InterfaceVersion;

/// The version that both sides speak: the lower of the peer's and 5.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Knows no optional parameters and ids of at most eight hexadecimal digits.
    V3_3,
    V3_4,
    V5_0,
}

impl Version {
    /// By the `interface_version` of a bind. What lies between two versions is held to the lower.
    pub(crate) fn of(interface_version: u8) -> Self {
        match InterfaceVersion::from(interface_version) {
            InterfaceVersion::Smpp3_3OrEarlier(_) => Self::V3_3,
            InterfaceVersion::Smpp3_4 | InterfaceVersion::Other(..0x50) => Self::V3_4,
            InterfaceVersion::Smpp5_0 | InterfaceVersion::Other(_) => Self::V5_0,
        }
    }

    /// The version that the bind_resp gives, if it may give one.
    pub(crate) fn sc_interface_version(self) -> Option<InterfaceVersion> {
        match self {
            Self::V3_3 => None,
            Self::V3_4 => Some(InterfaceVersion::Smpp3_4),
            Self::V5_0 => Some(InterfaceVersion::Smpp5_0),
        }
    }

    pub(crate) fn knows_tlvs(self) -> bool {
        self != Self::V3_3
    }
}
