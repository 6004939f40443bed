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
mod explain;
mod explanation;
mod facts;
mod files;
mod moves;
mod plan_input;
mod plan_text;
mod plans;
mod priced_line;
mod rates;
mod sheet;
mod versions;
pub mod wording;
mod write;

pub use deck::{DeckDifference, DeckOptions, plan_deck};
pub use explain::{ExplainError, Explainer};
pub use explanation::{ExplainedNetwork, ExplainedRate, Explanation};
pub use moves::{AddedRate, ChangedRate, PriceMove};
pub use plan_input::{PlanInput, TierInput};
pub use plans::{PlanView, add_plan, list_plans, replace_plan};
pub use priced_line::{PricedLine, priced};
pub use rates::{RateFilter, RateInput, RateLine, RatePlace, list_rates, put_rates, remove_rates};
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
        let after = config::load_with(config, &overlay)?;
        Self::of_whole(current, overlay, after)
    }

    /// The same for a configuration that was validated already.
    fn of_whole(current: &Loaded, overlay: Overlay, after: Loaded) -> Result<Self, EditError> {
        let mut change = Self { overlay: Overlay::new(), based_on: BTreeMap::new(), after };
        for (name, content) in overlay {
            let file = archived(current, &name)?;
            if *file.bytes != content[..] {
                change.based_on.insert(name.clone(), file.digest);
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
