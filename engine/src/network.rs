//! Networks: the (MCC, MNC) codes of ITU-T E.212, and the catalogue of the networks that they name.
//!
//! A code is text that happens to be digits: `338/05` and `338/050` are two networks, so a code keeps how
//! many digits its MNC has. An MCC alone is a code too; it stands for the networks of a country that no
//! longer code tells apart.

use std::fmt;

mod builder;
mod catalogue;
mod mcc_countries;
mod number_countries;

pub use builder::{NetworkError, NetworksBuilder};
pub use catalogue::{Country, Network, Networks};
pub use number_countries::CountryId;

/// The dense index of a network in one [`Networks`] catalogue; another catalogue numbers them differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub u16);

impl NetworkId {
    /// As an index into a table that has one row per network.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The code of a network, or an MCC alone (ITU-T E.212). Codes sort by MCC: first the MCC alone, then its
/// two-digit and then its three-digit codes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkCode {
    /// The mobile country code, 0 to 999.
    pub mcc: u16,
    /// The mobile network code; `None` for the MCC alone.
    pub mnc: Option<Mnc>,
}

/// A mobile network code: two or three digits, of which leading zeros count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mnc {
    digits: u8,
    value: u16,
}

const MCC_SHIFT: u32 = 12;
const DIGITS_SHIFT: u32 = 10;
const VALUE_MASK: u32 = (1 << DIGITS_SHIFT) - 1;

impl NetworkCode {
    /// From an MCC of three digits, and an MNC of two or three or an empty one for the MCC alone.
    pub fn new(mcc: &str, mnc: &str) -> Option<Self> {
        let mcc = decimal(mcc).filter(|_| mcc.len() == 3)?;
        let mnc = if mnc.is_empty() { None } else { Some(Mnc::new(mnc)?) };
        Some(Self { mcc, mnc })
    }

    /// From one text: `63902`, `639/02`, `639-02`, or `639` for the MCC alone.
    pub fn parse_joined(text: &str) -> Option<Self> {
        let (mcc, rest) = text.split_at_checked(3)?;
        match rest.strip_prefix(['/', '-']) {
            Some("") => None,
            Some(mnc) => Self::new(mcc, mnc),
            None => Self::new(mcc, rest),
        }
    }

    /// True if the code is an MCC alone.
    pub const fn is_mcc_alone(self) -> bool {
        self.mnc.is_none()
    }

    /// The code of this network's MCC alone.
    #[must_use]
    pub const fn mcc_alone(self) -> Self {
        Self { mcc: self.mcc, mnc: None }
    }

    /// The code as a number below 2²², for storing: the MCC above the number of MNC digits above the MNC, so
    /// that the numbers sort as the codes do. [`Self::from_bits`] gives it back.
    pub fn to_bits(self) -> u32 {
        let mnc = self.mnc.map_or(0, |mnc| u32::from(mnc.digits) << DIGITS_SHIFT | u32::from(mnc.value));
        u32::from(self.mcc) << MCC_SHIFT | mnc
    }

    /// The code that [`Self::to_bits`] made; `None` where no code has these bits.
    pub fn from_bits(bits: u32) -> Option<Self> {
        let mcc = u16::try_from(bits >> MCC_SHIFT).ok().filter(|mcc| *mcc <= 999)?;
        let mnc = Mnc { digits: (bits >> DIGITS_SHIFT & 3) as u8, value: (bits & VALUE_MASK) as u16 };
        match mnc {
            Mnc { digits: 0, value: 0 } => Some(Self { mcc, mnc: None }),
            mnc => mnc.is_valid().then_some(Self { mcc, mnc: Some(mnc) }),
        }
    }
}

impl Mnc {
    /// Two or three digits.
    pub fn new(text: &str) -> Option<Self> {
        let digits = u8::try_from(text.len()).ok()?;
        let mnc = Self { digits, value: decimal(text)? };
        mnc.is_valid().then_some(mnc)
    }

    const fn is_valid(self) -> bool {
        matches!((self.digits, self.value), (2, 0..=99) | (3, 0..=999))
    }
}

/// Digits only: `parse` alone would take a sign.
fn decimal(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Mnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.value, width = usize::from(self.digits))
    }
}

/// `639/02`, or `639` for an MCC alone.
impl fmt::Display for NetworkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnc {
            Some(mnc) => f.pad(&format!("{:03}/{mnc}", self.mcc)),
            None => f.pad(&format!("{:03}", self.mcc)),
        }
    }
}

impl fmt::Debug for NetworkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Mnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_and_printed() {
        for (mcc, mnc, joined, printed) in [
            ("639", "02", "63902", "639/02"),
            ("639", "02", "639/02", "639/02"),
            ("639", "02", "639-02", "639/02"),
            ("338", "050", "338050", "338/050"),
            ("001", "01", "001-01", "001/01"),
            ("639", "", "639", "639"),
        ] {
            let code = NetworkCode::new(mcc, mnc).unwrap();
            assert_eq!(NetworkCode::parse_joined(joined), Some(code));
            assert_eq!(code.to_string(), printed);
            assert_eq!(code.is_mcc_alone(), mnc.is_empty());
            assert_eq!(code.mcc_alone().to_string(), mcc);
        }
    }

    #[test]
    fn what_is_not_a_code_is_refused() {
        for text in [
            "", "6", "63", "6390", "6390202", "639/", "639-2", "63/902", "a39", "639/x2", "+39/02", "639 02",
            "é39",
        ] {
            assert_eq!(NetworkCode::parse_joined(text), None, "{text}");
        }
        assert_eq!(NetworkCode::new("0639", "02"), None);
        assert_eq!(NetworkCode::new("639", "+2"), None);
    }

    #[test]
    fn leading_zeros_tell_networks_apart() {
        let code = |text| NetworkCode::parse_joined(text).unwrap();
        assert_ne!(code("338/05"), code("338/005"));
        assert_ne!(code("338/05"), code("338/050"));
        assert_ne!(code("338/00"), code("338"));
    }

    #[test]
    fn bits_hold_every_code_and_nothing_else() {
        let mut codes = 0;
        for bits in 0..1 << 22 {
            if let Some(code) = NetworkCode::from_bits(bits) {
                codes += 1;
                assert_eq!(code.to_bits(), bits);
                assert_eq!(NetworkCode::parse_joined(&code.to_string()), Some(code));
            }
        }
        assert_eq!(codes, 1000 * (1 + 100 + 1000));
        assert_eq!(NetworkCode::from_bits(1 << 22), None);
        assert_eq!(NetworkCode::from_bits(u32::MAX), None);
    }
}
