//! The last commit of the data directory and its anchor.

use tollgate_provisioning::AnchorMode;
use tollgate_storage::store::Store;
use tollgate_storage::verify::anchored_commit;

use super::finding::Finding;
use crate::data_dir::DataDir;

/// Says whether the books can be read, and what their last commit is.
pub fn anchor(data_dir: &DataDir) -> Finding {
    const SUBJECT: &str = "books";
    let remedy = "run `tollgate verify`, and see ops/runbooks/restore-after-crash.md";
    if !data_dir.path.join("CURRENT").is_file() {
        return Finding::warning(SUBJECT, "there are none yet", "the first start makes them");
    }
    let options = data_dir.store_options();
    let missing = options.anchor_paths().into_iter().find(|path| !path.is_file());
    if let Some(path) = missing {
        let text = format!("the anchor {} is missing", path.display());
        return Finding::fault(
            SUBJECT,
            text,
            "put it back, or accept what there is by `tollgate anchor accept`",
        );
    }
    let last = Store::open_read_only(&data_dir.path).map_err(|error| error.to_string());
    match last.and_then(|store| anchored_commit(&store).map_err(|fault| fault.to_string())) {
        Ok(Some(last)) => {
            let text = format!("the last commit is {} of {}", last.number, last.at.to_rfc3339());
            Finding::good(SUBJECT, text + &behind(data_dir))
        }
        Ok(None) => Finding::fault(SUBJECT, "they have no last commit", remedy),
        Err(error) => Finding::fault(SUBJECT, error, remedy),
    }
}

/// The part of a sentence about an anchor that follows behind the commits.
fn behind(data_dir: &DataDir) -> String {
    let storage = data_dir.loaded.as_ref().ok().map(|loaded| &loaded.settings.storage);
    match storage.filter(|storage| storage.anchor == AnchorMode::Periodic) {
        Some(storage) => format!(
            "; its anchor follows within {} ms, and a loss within that time is not noticed",
            storage.anchor_interval_ms
        ),
        None => String::new(),
    }
}
