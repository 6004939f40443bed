//! Things with a name that are provisioned in a file or over the API: those of the file come first, and are changed there.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, to_value};
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;

use crate::documents::{Document, DocumentCache};

/// The things of the file, and those of the API whose names the file does not have.
pub fn in_force<T: Clone, R: Serialize + DeserializeOwned>(
    of_file: &[T],
    records: &DocumentCache<R>,
    name: impl Fn(&T) -> &str,
    read: impl Fn(&R) -> Answer<T>,
) -> Vec<T> {
    let mut things = of_file.to_vec();
    for document in records.all() {
        let is_new = !of_file.iter().any(|thing| name(thing) == document.key);
        things.extend(read(&document.value).ok().filter(|_| is_new));
    }
    things
}

/// The record of a thing that may be changed over the API, which is not one of the file.
pub fn changeable<R: Serialize + DeserializeOwned>(
    records: &DocumentCache<R>,
    (what, name): (&str, &str),
    is_of_file: bool,
) -> Answer<Arc<Document<R>>> {
    if is_of_file {
        let message = format!("{what} `{name}` is provisioned in a file; change it there");
        return Err(Problem::provisioned_by_file(message));
    }
    records.get(name).ok_or_else(|| Problem::not_found(format!("there is no {what} `{name}`")))
}

/// A record as the audit log has it; null where there is none.
pub fn audited<R: Serialize>(record: Option<&R>) -> Value {
    record.map(|record| to_value(record).unwrap_or_default()).unwrap_or_default()
}
