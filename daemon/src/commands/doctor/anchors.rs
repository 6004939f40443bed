//! The anchors of the data directory: that a start finds in them what it looks for.

use std::path::Path;

use rustix::fs::{Access, access};
use tollgate_storage::store::{OpenError, Store};

use super::finding::Finding;
use crate::data_dir::DataDir;

const SUBJECT: &str = "books";
const REMEDY: &str = "see ops/runbooks/restore-after-crash.md";

/// A fault for what keeps the books from being opened, by the look that a start has at them. Nothing where they can be.
pub fn refusal(data_dir: &DataDir) -> Result<Vec<Finding>, Finding> {
    let options = data_dir.store_options();
    let damaged = Store::check(&options).map_err(|error| match error {
        OpenError::Schema { .. } => {
            Finding::fault(SUBJECT, error.to_string(), "run the build that wrote it, or a later one")
        }
        error => Finding::fault(SUBJECT, error.to_string(), REMEDY),
    })?;
    let damaged = damaged.iter().map(|path| is_damaged(path));
    Ok(damaged.chain(options.second_anchor.as_deref().and_then(unwritable)).collect())
}

fn is_damaged(anchor: &Path) -> Finding {
    let text = format!("a part of the anchor {} is damaged, and the rest of it has to do", anchor.display());
    let remedy = "look at the disk; the next start writes it anew, as no commit is missing";
    Finding::fault("anchor", text, remedy)
}

/// A fault where a file cannot be written or made.
fn unwritable(file: &Path) -> Option<Finding> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = if file.exists() { file } else { folder };
    let error = access(place, Access::WRITE_OK).err()?;
    let text = format!("the second anchor {} cannot be written: {error}", file.display());
    Some(Finding::fault("anchor", text, format!("make {} writable for the daemon", folder.display())))
}
