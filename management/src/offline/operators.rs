//! Draining and resuming an operator of the API while the daemon is stopped. It holds from the next start.

use serde_json::{Value, json};
use tollgate_api::choice::Word;
use tollgate_engine::operator::OperatorStatus;
use tollgate_storage::change::{AuditNote, Change, DocumentChange, Expected};

use super::actor;
use super::books::OfflineBooks;
use crate::collections::OPERATORS;
use crate::documents::{DocumentCache, to_json};
use crate::operators::record::OperatorRecord;
use crate::operators::{action_of, view};

impl OfflineBooks {
    /// Gives an operator another status, durably, with a note in the audit log. `Err` is for a person to read.
    pub fn set_operator_status(&self, code: &str, status: OperatorStatus) -> Result<Value, String> {
        let records = DocumentCache::<OperatorRecord>::load(self.store(), OPERATORS);
        let before = records.map_err(|error| error.to_string())?.get(code);
        let before = before.ok_or_else(|| {
            format!("there is no operator `{code}` of the API; one of operators.toml is changed there")
        })?;
        let mut record = before.value.clone();
        record.input.status = Word(status);
        let (mut change, answer) = Change::begin();
        change.documents.push(DocumentChange {
            collection: OPERATORS,
            key: code.as_bytes().to_vec(),
            expected: Expected::Revision(before.revision),
            body: Some(to_json(&record)),
        });
        change.audit.push(AuditNote {
            actor: actor(self.uid),
            action: action_of(status).to_owned(),
            resource: format!("operator/{code}"),
            before: view::audited(&before.value).to_string(),
            after: view::audited(&record).to_string(),
            ..AuditNote::default()
        });
        self.commit(change, answer)?;
        Ok(json!({ "code": code, "status": record.input.status, "source": "api" }))
    }
}
