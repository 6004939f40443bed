//! A password that has to be sent to somebody else, and is shown to nobody.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A password in the clear. It is never printed, and its memory is overwritten when the last copy goes; only
/// who binds with it looks inside. It can be read from a request, but has no serialization: who must write it
/// exposes it.
#[derive(Clone, Default)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Takes the password as it was read.
    pub fn new(password: &str) -> Self {
        Self(Arc::new(password.into()))
    }

    /// The password, for the bind that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SecretString::deserialize(deserializer).map(|password| Self(Arc::new(password)))
    }
}

/// Neither the password nor its length is printed.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_password() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "hunter22");
        assert_ne!(secret, Secret::default());
    }

    #[test]
    fn a_password_is_read_and_an_error_shows_none_of_it() {
        assert_eq!(serde_json::from_str::<Secret>("\"hunter22\"").unwrap(), Secret::new("hunter22"));
        let error = serde_json::from_str::<Secret>("[\"hunter22\"]").unwrap_err().to_string();
        assert!(!error.contains("hunter22"), "{error}");
    }
}
