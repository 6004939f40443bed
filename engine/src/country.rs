//! Countries by their ISO 3166-1 alpha-2 codes, as rows on disk and settings name them.

use std::fmt;

/// The ISO 3166-1 alpha-2 code of a country or territory, such as `KE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Two capital letters, or `None`.
    pub fn new(code: &str) -> Option<Self> {
        Self::from_bytes(code.as_bytes().try_into().ok()?)
    }

    /// Two capital letters, or `None`.
    pub fn from_bytes(code: [u8; 2]) -> Option<Self> {
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The two letters.
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0
    }

    /// The code, such as `KE`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_capital_letters_are_a_code() {
        assert_eq!(CountryCode::new("KE").map(|code| code.to_string()), Some("KE".to_owned()));
        for wrong in ["", "K", "ke", "K1", "KEN", "É"] {
            assert_eq!(CountryCode::new(wrong), None, "{wrong}");
        }
    }
}
