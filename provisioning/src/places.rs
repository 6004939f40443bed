//! The places of accounts and plans in their files, for messages about what stands elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path of the file.
    pub file: Arc<str>,
    /// The line, from one.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The places of the keys that give an account its currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The key `plan` of each account of `accounts.toml`, by id.
    pub accounts: HashMap<Arc<str>, Place>,
    /// The key `currency` of each plan, by name.
    pub plan_currencies: HashMap<Arc<str>, Place>,
}
