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

/// The places of the keys of an account that refer to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountPlaces {
    /// The path of the file.
    file: Arc<str>,
    /// The line of each key of [`Self::KEYS`], or of the account where it is absent.
    lines: [u32; Self::KEYS.len()],
}

impl AccountPlaces {
    /// The keys whose places are kept.
    pub const KEYS: [&str; 7] = ["plan", "currency", "parent", "chain", "earning", "price_list", "rates"];

    /// The places that a function knows.
    pub fn of(place: impl Fn(&str) -> Place) -> Self {
        let lines = Self::KEYS.map(|key| place(key).line);
        Self { file: place(Self::KEYS[0]).file, lines }
    }

    /// The place of a key, or of `plan` where that of the key is not kept.
    pub fn of_key(&self, key: &str) -> Place {
        let at = Self::KEYS.iter().position(|known| *known == key).unwrap_or_default();
        Place { file: Arc::clone(&self.file), line: self.lines[at] }
    }
}

/// The places of the keys that give an account its currency, and of those that refer to other accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The keys of each account of `accounts.toml`, by id.
    pub accounts: HashMap<Arc<str>, AccountPlaces>,
    /// The key `currency` of each plan, by name.
    pub plan_currencies: HashMap<Arc<str>, Place>,
    /// The key `price` of each bundle product, by name.
    pub bundle_prices: HashMap<Arc<str>, Place>,
}
