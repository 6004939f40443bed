//! Writing of edits to tariff files: only onto the texts that they were made from, and all files or none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::files::{Replacement, replace_all};
use super::price_target::is_owned_file;
use super::{Change, EditError, as_configured, load_with};
use tollgate_provisioning as config;
use tollgate_provisioning::{Loaded, Problems, Settings, TariffFiles};

/// The mark that spreadsheets write in front of UTF-8. Readers drop it, so a text is the same with and without it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes tariff files. A process has one, behind a lock, so that two edits never interleave.
#[derive(Debug)]
pub struct Editor {
    config: PathBuf,
}

impl Editor {
    /// For the configuration that this `tollgate.toml` names.
    pub fn new(config: PathBuf) -> Self {
        Self { config }
    }

    /// The path of `tollgate.toml`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The configuration as it is on disk now, which an edit is made from.
    pub fn current(&self) -> Result<Loaded, Problems> {
        config::load(&self.config).map_err(|problems| as_configured(&self.config, problems))
    }

    /// Writes an edit, whole or not at all, and returns the configuration that is then on disk. The caller puts it in force.
    /// The edit is refused if a file has changed since the edit was made.
    pub fn apply(&mut self, change: &Change) -> Result<Loaded, EditError> {
        self.check_basis(&change.based_on)?;
        // Other files may have changed since the edit was made, so it is validated again.
        let loaded = load_with(&self.config, &change.overlay)?;
        let mut replacements = Vec::with_capacity(change.overlay.len());
        for (name, content) in &change.overlay {
            let may_be =
                may_be_edited(&loaded.settings, name) || is_owned_file(&self.config, &loaded.settings, name);
            if !change.based_on.contains_key(name) || !may_be {
                return Err(EditError::NotEditable { file: name.clone() });
            }
            let path = self.real_path(name)?;
            replacements.push(Replacement { path, content });
        }
        replace_all(replacements, |file, path| file.persist(path).map(drop).map_err(|error| error.error))?;
        Ok(loaded)
    }

    fn check_basis(&self, based_on: &BTreeMap<String, [u8; 32]>) -> Result<(), EditError> {
        for (name, digest) in based_on {
            let path = self.path_of(name);
            let bytes = fs::read(&path).map_err(|error| EditError::not_written(&path, &error))?;
            let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
            if <[u8; 32]>::from(Sha256::digest(text)) != *digest {
                return Err(EditError::Changed { file: name.clone() });
            }
        }
        Ok(())
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join(name)
    }

    /// The file that a link leads to, so that the link stays a link.
    fn real_path(&self, name: &str) -> Result<PathBuf, EditError> {
        let path = self.path_of(name);
        fs::canonicalize(&path).map_err(|error| EditError::not_written(&path, &error))
    }
}

/// True for files that `[tariff]` names, except that of accounts, which has hashes of passwords, and for the exchange rates,
/// wherever they are named.
fn may_be_edited(settings: &Settings, name: &str) -> bool {
    let files = &settings.tariff;
    let TariffFiles { plans, accounts: _, rates, numbering, networks, countries, .. } = files;
    let exchange_rates = [&files.exchange_rates, &settings.operators.exchange_rates];
    let optional = [&files.ported, &files.price_lists, &files.bundles].into_iter().chain(exchange_rates);
    let single = [plans, numbering, networks, countries];
    single.into_iter().chain(rates).chain(optional.flatten()).any(|named| named == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_tariff_only_accounts_may_not_be_edited() {
        let files = TariffFiles {
            plans: "plans.toml".to_owned(),
            accounts: "accounts.toml".to_owned(),
            rates: vec!["a.csv".to_owned(), "b.csv".to_owned()],
            ported: Some("ported.csv".to_owned()),
            ..TariffFiles::default()
        };
        let mut settings = Settings { tariff: files, ..Settings::default() };
        settings.operators.exchange_rates = Some("exchange_rates.csv".to_owned());
        settings.operators.file = Some("operators.toml".to_owned());
        for (name, expected) in [
            ("plans.toml", true),
            ("exchange_rates.csv", true),
            ("operators.toml", false),
            ("b.csv", true),
            ("ported.csv", true),
            ("accounts.toml", false),
            ("tollgate.toml", false),
            ("c.csv", false),
        ] {
            assert_eq!(may_be_edited(&settings, name), expected, "{name}");
        }
    }
}
