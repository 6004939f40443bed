//! The last commit of the data directory and its anchor.

use tollgate_storage::store::Store;

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
    match last.and_then(|store| store.last_commit().map_err(|error| error.to_string())) {
        Ok(Some(last)) => {
            let text = format!("the last commit is {} of {}", last.number, last.at.to_rfc3339());
            Finding::good(SUBJECT, text)
        }
        Ok(None) => Finding::fault(SUBJECT, "they have no last commit", remedy),
        Err(error) => Finding::fault(SUBJECT, error, remedy),
    }
}
