//! `[secrets]`: the keys that secrets in the data directory are sealed with.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::de::DeValue;

use crate::read::texts::{self, Parsed};
use crate::read::values::{integer, text};
use crate::read::{Sources, TableReader};

/// Octets of a key.
const KEY_OCTETS: usize = 32;
/// Keys of one file.
const KEYS_MAX: usize = 10;
/// The credential of the service manager that is read where the settings name no file.
const CREDENTIAL: &str = "tollgate-secrets";

/// A key that secrets are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; KEY_OCTETS]);

impl SealKey {
    /// The octets, for the cipher.
    pub fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.0
    }
}

/// Nothing of the key is printed.
impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// Settings of secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretsSettings {
    /// Keys, of which the first seals, and all open. Without one secrets are kept as they are.
    #[serde(skip)]
    pub keys: Vec<SealKey>,
    /// A number whose change makes another key for access tokens.
    pub token_key_version: u32,
}

impl Default for SecretsSettings {
    fn default() -> Self {
        Self { keys: Vec::new(), token_key_version: 1 }
    }
}

/// Reads the table.
pub fn read_secrets(table: &mut TableReader, sources: &mut Sources) -> SecretsSettings {
    let default = SecretsSettings::default();
    let read = |value: &DeValue| keys_of(&sources.read_private(&text(texts::file_name)(value)?)?);
    SecretsSettings {
        keys: table.optional("key_file", read).unwrap_or_default(),
        token_key_version: table.or("token_key_version", default.token_key_version, integer(1..=1_000_000)),
    }
}

/// The keys that the service manager has given the process, if the settings name none.
pub fn of_service_manager(sources: &mut Sources) -> Parsed<Vec<SealKey>> {
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else { return Ok(Vec::new()) };
    let path = PathBuf::from(folder).join(CREDENTIAL);
    let Some(name) = path.to_str().filter(|_| path.is_file()) else { return Ok(Vec::new()) };
    keys_of(&sources.read_private(name)?)
}

/// The keys of a file.
pub fn seal_keys(path: &Path) -> Parsed<Vec<SealKey>> {
    keys_of(&std::fs::read_to_string(path).map_err(|error| error.to_string())?)
}

/// One key of 64 hexadecimal digits in each line.
fn keys_of(content: &str) -> Parsed<Vec<SealKey>> {
    let lines = content.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Option<Vec<SealKey>> =
        lines.map(|line| hex::decode(line).ok()?.try_into().ok().map(SealKey)).collect();
    match keys {
        Some(keys) if (1..=KEYS_MAX).contains(&keys.len()) => Ok(keys),
        _ => Err(format!(
            "is to have one to {KEYS_MAX} lines of {} hexadecimal digits, such as `openssl rand -hex {KEY_OCTETS}` prints",
            KEY_OCTETS * 2
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_line_of_digits_and_is_not_printed() {
        let (one, other) = ("ab".repeat(32), "01".repeat(32));
        let keys = keys_of(&format!("{one}\n\n{other}\r\n")).unwrap();
        assert_eq!((keys.len(), keys[0].octets()[0], keys[1].octets()[31]), (2, 0xab, 0x01));
        assert_eq!(format!("{keys:?}"), "[SealKey(…), SealKey(…)]");
        for wrong in
            ["", "\n", "ab", &"zz".repeat(32), &format!("{one}{one}"), &format!("{one}\n").repeat(11)]
        {
            let error = keys_of(wrong).unwrap_err();
            assert!(error.contains("64 hexadecimal digits") && !error.contains("abab"), "{error}");
        }
    }
}
