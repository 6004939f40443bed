//! A password that has to be said to somebody else, and is shown to nobody.

use std::fmt;
use std::sync::Arc;

/// A password in the clear. It is never printed and never written; only who binds with it looks inside.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes the password as it was read.
    pub fn new(password: &str) -> Self {
        Self(password.into())
    }

    /// The password, for the bind that carries it.
    pub fn expose(&self) -> &str {
        &self.0
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
}
