//! Tariff files edited, rolled back and explained while the daemon runs: plain functions behind the API.
//!
//! The files are the source of the tariff. An edit makes new texts of tariff files and validates the whole configuration
//! with them in place (`config::load_with`); only then are they written ([`Editor::apply`]), and a reload puts them in force.
//! Nothing here speaks HTTP or waits for anything but the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tollgate_storage::store::Unavailable;

use tollgate_provisioning as config;
use tollgate_provisioning::{ArchivedFile, Loaded, Overlay, Problems};

mod deck;
mod exchange;
mod explain;
mod explained_rate;
mod explanation;
mod facts;
mod files;
mod import;
mod import_rows;
mod moves;
mod outliers;
mod plan_input;
mod plan_text;
mod plans;
mod price_target;
mod priced_line;
mod profiles;
mod rates;
mod sale;
mod sheet;
mod versions;
pub mod wording;
mod write;

pub use deck::{DeckDifference, DeckOptions, plan_deck};
pub use exchange::{
    ExchangeInput, ExchangePlace, exchange_file, list_exchange, put_exchange, remove_exchange,
};
pub use explain::{ExplainError, Explainer};
pub use explained_rate::ExplainedRate;
pub use explanation::{ExplainedNetwork, Explanation};
pub use import::{ComparedImport, ImportDifference, ImportOptions, compare_import, plan_import};
pub use import_rows::ListedPrices;
pub use moves::{AddedRate, ChangedRate, Moves, PriceMove};
pub use outliers::{Outlier, OutlierKind};
pub use plan_input::{PlanInput, TierInput};
pub use plans::{PlanView, add_plan, list_plans, replace_plan};
pub use price_target::{ImportTarget, TargetPrices};
pub use priced_line::{PricedLine, priced};
pub use profiles::{ProfileFolder, is_profile_name};
pub use rates::{RateFilter, RateInput, RateLine, RatePlace, list_rates, put_rates, remove_rates};
pub use sale::{AppliedMarkUp, Sale};
pub(crate) use versions::{Kinds, kind_of};
pub use versions::{Rollback, Version, VersionFile, list_versions, plan_rollback, version_files};
pub use write::Editor;

#[cfg(test)]
pub(crate) mod tests;

/// A validated edit that is not written yet.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new contents of files, by the names in the configuration. Empty if nothing would change.
    pub overlay: Overlay,
    /// SHA-256 of the contents that those files had when the edit was made.
    pub based_on: BTreeMap<String, [u8; 32]>,
    /// The contents that those files had, to put them back.
    pub before: Overlay,
    /// The configuration with the edit.
    pub after: Loaded,
}

/// The reason why an edit is not made.
#[derive(Clone, Debug, Error)]
pub enum EditError {
    /// The configuration would be wrong: file, line and key of every fault.
    #[error("{0}")]
    Invalid(Problems),
    /// `[tariff]` does not name the file among those that may be edited.
    #[error("{file} is not a tariff file that may be edited")]
    NotEditable {
        /// The file as the request names it.
        file: String,
    },
    /// There are several rate files, and none was named.
    #[error("there are several rate files; name one of {}", .0.join(", "))]
    WhichFile(Vec<String>),
    /// The file's lines cannot be edited one by one.
    #[error("{file} {reason}")]
    Shape {
        /// The file as the configuration names it.
        file: String,
        /// The obstacle, in words.
        reason: &'static str,
    },
    /// The file is no longer what the edit began with.
    #[error("{file} has changed since the edit was begun; load it again")]
    Changed {
        /// The file as the configuration names it.
        file: String,
    },
    /// The thing to be changed does not exist.
    #[error("there is no {what} {name}")]
    Missing {
        /// Its kind, such as `plan`.
        what: &'static str,
        /// The name in the request.
        name: String,
    },
    /// The thing to be added exists already.
    #[error("there is a {what} {name} already")]
    Exists {
        /// Its kind, such as `plan`.
        what: &'static str,
        /// The name in the request.
        name: String,
    },
    /// An owner of prices has no file of them that could be edited.
    #[error(
        "{owner} has no file of prices; name one by `{key}` in its file, with a header line in it, and reload"
    )]
    NoFile {
        /// The owner, such as `operator alpha`.
        owner: String,
        /// The key that would name the file.
        key: &'static str,
    },
    /// The settings name no file of exchange rates.
    #[error(
        "the settings name no file of exchange rates; name one by `exchange_rates` in [tariff] or [operators], with the header \
         line base,quote,rate,effective_from,note in it, and reload"
    )]
    NoExchangeRates,
    /// Prices of every plan where plans have several currencies.
    #[error("the plans have several currencies; import the list for one plan")]
    SeveralCurrencies,
    /// A file cannot be written. All files are unchanged.
    #[error("cannot write {}: {reason}", file.display())]
    NotWritten {
        /// The path of the file.
        file: Arc<Path>,
        /// The error of the system.
        reason: String,
    },
    /// A file could not be written after others were, and the files in `left` could not be put back: they hold the new text.
    #[error("cannot write {}: {reason}; these could not be put back: {}", file.display(), left.join(", "))]
    HalfWritten {
        /// The path of the file that could not be written.
        file: Arc<Path>,
        /// The error of the system.
        reason: String,
        /// The paths of the files that could not be put back.
        left: Vec<String>,
    },
    /// The archive in the books cannot be read now.
    #[error(transparent)]
    Storage(#[from] Unavailable),
}

impl EditError {
    /// The error of a file that cannot be written, where nothing was changed.
    pub(crate) fn not_written(file: &Path, error: &io::Error) -> Self {
        Self::NotWritten { file: Arc::from(file), reason: error.to_string() }
    }
}

impl From<Problems> for EditError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Change {
    /// Validates the whole configuration with new contents of some files. Files whose content stays the same are left out.
    fn validated(config: &Path, current: &Loaded, overlay: Overlay) -> Result<Self, EditError> {
        let after = load_with(config, &overlay)?;
        Self::of_whole(current, overlay, after)
    }

    /// The same for a configuration that was validated already.
    fn of_whole(current: &Loaded, overlay: Overlay, after: Loaded) -> Result<Self, EditError> {
        let mut change =
            Self { overlay: Overlay::new(), based_on: BTreeMap::new(), before: Overlay::new(), after };
        for (name, content) in overlay {
            let file = archived(current, &name)?;
            if *file.bytes != content[..] {
                change.based_on.insert(name.clone(), file.digest);
                change.before.insert(name.clone(), file.bytes.to_vec());
                change.overlay.insert(name, content);
            }
        }
        Ok(change)
    }

    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.overlay.is_empty()
    }

    /// The differences in lines for people.
    pub fn lines(&self, current: &Loaded) -> Vec<String> {
        self.after.changes_since(current)
    }
}

/// Loads the configuration with new contents of some files. Problems name the files as the configuration does, and not by
/// where they lie on this machine.
fn load_with(config: &Path, overlay: &Overlay) -> Result<Loaded, Problems> {
    config::load_with(config, overlay).map_err(|problems| as_configured(config, problems))
}

/// Problems with the names that files have in the configuration.
pub(crate) fn as_configured(config: &Path, problems: Problems) -> Problems {
    match folder_of(config) {
        Some(folder) => problems.with_names(|text| text.replace(&folder, "")),
        None => problems,
    }
}

/// The folder of the configuration as paths begin with it; `None` for the present one.
pub(crate) fn folder_of(config: &Path) -> Option<String> {
    let folder = config.parent()?.to_string_lossy();
    (!folder.is_empty()).then(|| format!("{}/", folder.trim_end_matches('/')))
}

/// A tariff file as it was loaded.
fn archived<'l>(loaded: &'l Loaded, name: &str) -> Result<&'l ArchivedFile, EditError> {
    let found = loaded.provisioning.archive.iter().find(|file| &*file.name == name);
    found.ok_or_else(|| EditError::NotEditable { file: name.to_owned() })
}

/// The text of a tariff file as it was loaded, without a byte order mark.
fn text_of<'l>(loaded: &'l Loaded, name: &str) -> Result<&'l str, EditError> {
    // What was loaded is UTF-8.
    std::str::from_utf8(&archived(loaded, name)?.bytes)
        .map_err(|_| EditError::NotEditable { file: name.to_owned() })
}
