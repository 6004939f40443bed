//! Tariffs as they are edited, rolled back and explained while the daemon runs: plain functions under the management
//! API.
//!
//! The files stay the truth. An edit makes new texts of tariff files, has the whole configuration validated with them
//! in place (`config::load_with`), and only then are they written ([`Editor::apply`]); a
//! reload puts them in force. Nothing here speaks HTTP, and nothing here waits for anything but the disk.

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
mod rates;
mod sheet;
mod versions;
pub mod wording;
mod write;

pub use deck::{DeckDifference, DeckOptions, plan_deck};
pub use explain::{ExplainError, Explainer};
pub use explanation::{ExplainedLine, ExplainedNetwork, ExplainedRate, Explanation};
pub use moves::{AddedRate, ChangedRate, PriceMove};
pub use plan_input::{PlanInput, TierInput};
pub use plans::{PlanView, add_plan, list_plans, replace_plan};
pub use rates::{RateFilter, RateInput, RateLine, RatePlace, list_rates, put_rates, remove_rates};
pub use versions::{Rollback, Version, VersionFile, list_versions, plan_rollback, version_files};
pub use write::Editor;

#[cfg(test)]
mod tests;

/// A validated edit that is not written yet.
#[derive(Clone, Debug)]
pub struct Change {
    /// The files' new contents, by the names that the configuration has for them. Empty where nothing would change.
    pub overlay: Overlay,
    /// SHA-256 of what those files held when the edit was made.
    pub based_on: BTreeMap<String, [u8; 32]>,
    /// The configuration as it would be.
    pub after: Loaded,
}

/// Why an edit is not made.
#[derive(Clone, Debug, Error)]
pub enum EditError {
    /// With the edit the configuration would be wrong: file, line and key of everything that would be.
    #[error("{0}")]
    Invalid(Problems),
    /// `[tariff]` does not name the file among those that may be edited.
    #[error("{file} is not a tariff file that may be edited")]
    NotEditable {
        /// As asked for.
        file: String,
    },
    /// There are several rate files, and none was named.
    #[error("there are several rate files; name one of {}", .0.join(", "))]
    WhichFile(Vec<String>),
    /// The file's lines cannot be edited one by one.
    #[error("{file} {reason}")]
    Shape {
        /// As configured.
        file: String,
        /// What is in the way.
        reason: &'static str,
    },
    /// The file is no longer what the edit began with.
    #[error("{file} has changed since the edit was begun; load it again")]
    Changed {
        /// As configured.
        file: String,
    },
    /// What was to be changed is not there.
    #[error("there is no {what} {name}")]
    Missing {
        /// Such as `plan`.
        what: &'static str,
        /// As asked for.
        name: String,
    },
    /// What was to be added is there already.
    #[error("there is a {what} {name} already")]
    Exists {
        /// Such as `plan`.
        what: &'static str,
        /// As asked for.
        name: String,
    },
    /// A file cannot be written. All files are as they were.
    #[error("cannot write {}: {reason}", file.display())]
    NotWritten {
        /// Where it is.
        file: Arc<Path>,
        /// What the system says.
        reason: String,
    },
    /// A file could be written neither new nor old after another one was: the files named hold the new text.
    #[error("cannot write {}: {reason}; these could not be put back: {}", file.display(), left.join(", "))]
    HalfWritten {
        /// Where the one is that could not be written.
        file: Arc<Path>,
        /// What the system says.
        reason: String,
        /// Where those are that could not be put back.
        left: Vec<String>,
    },
    /// The archive cannot be read now.
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
    /// Validates the whole configuration with new contents of some files. Those that hold what is to be written
    /// already are left out.
    fn validated(config: &Path, current: &Loaded, overlay: Overlay) -> Result<Self, EditError> {
        let after = config::load_with(config, &overlay)?;
        Self::of_whole(current, overlay, after)
    }

    /// The same where that is done.
    fn of_whole(current: &Loaded, overlay: Overlay, after: Loaded) -> Result<Self, EditError> {
        let mut change = Self { overlay: Overlay::new(), based_on: BTreeMap::new(), after };
        for (name, content) in overlay {
            let file = archived(current, &name)?;
            if file.bytes.as_deref() != Some(&content[..]) {
                change.based_on.insert(name.clone(), file.digest);
                change.overlay.insert(name, content);
            }
        }
        Ok(change)
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.overlay.is_empty()
    }

    /// What would change, in lines for people.
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
    let bytes = archived(loaded, name)?.bytes.as_deref();
    // What was loaded is UTF-8.
    bytes
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .ok_or_else(|| EditError::NotEditable { file: name.to_owned() })
}
