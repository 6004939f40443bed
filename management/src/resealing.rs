//! Brings secrets of the books up to what the settings say, at the start and before anything is read from them: seals what is
//! not sealed with the present key, and makes another key for access tokens where that is asked for.

use serde_json::{Value, json};
use tollgate_api::caller::Caller;
use tollgate_storage::change::Expected;
use tollgate_storage::schema::{Collection, Family};
use tollgate_storage::store::Unavailable;

use crate::context::Context;
use crate::identity::sessions;
use crate::sealing::SEALED;

/// A row that is to be written anew: its key, its revision and its body in the clear.
struct Outdated {
    collection: Collection,
    key: Vec<u8>,
    revision: u64,
    body: Value,
}

/// Writes what has to be written, in one commit. Waits for it.
pub fn bring_up_to_date(context: &Context) -> Result<(), Unavailable> {
    let mut outdated = Vec::new();
    for collection in SEALED {
        outdated.extend(outdated_rows(context, collection)?);
    }
    let system = Caller::system();
    let mut change = context.change(&system);
    for row in &outdated {
        change.document(row.collection, &row.key, Expected::Revision(row.revision), Some(&row.body));
    }
    if !outdated.is_empty() {
        change.note("secret.seal", "secrets", &Value::Null, &json!({ "sealed": outdated.len() }));
        change.commit().map_err(|problem| Unavailable(problem.detail))?;
        context.store().rewrite(Family::Documents)?;
        tracing::info!(
            count = outdated.len(),
            "secrets of the data directory are sealed with the present key"
        );
    }
    sessions::renew_key(context)
}

fn outdated_rows(context: &Context, collection: Collection) -> Result<Vec<Outdated>, Unavailable> {
    let (mut outdated, mut fault) = (Vec::new(), None);
    context.store().documents().list(collection, &[], None, |key, row| {
        if context.sealer.is_current(collection, &row.body) {
            return true;
        }
        let body = context.sealer.open(collection, key, &row.body);
        match body.and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string())) {
            Ok(body) => {
                outdated.push(Outdated { collection, key: key.to_owned(), revision: row.revision, body });
            }
            Err(error) => {
                let key = String::from_utf8_lossy(key);
                fault = Some(format!("document {key} of collection {}: {error}", collection.0));
            }
        }
        fault.is_none()
    })?;
    fault.map_or(Ok(outdated), |fault| Err(Unavailable(fault)))
}
