//! The system_id and password that a simulator asks for.

use std::fmt;
use std::str::FromStr;

/// The credentials that may bind; `None` for any.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The only system_id that may bind.
    pub system_id: Option<String>,
    /// The only password that fits.
    pub password: Option<Password>,
}

/// A password, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl FromStr for Password {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
