//! Draining and resuming an operator while the daemon is stopped: the documents and notes that the daemon would write. It holds
//! from the next start.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::choice::Word;
use tollgate_api::problem::Problem;
use tollgate_engine::operator::{Operator, OperatorStatus};
use tollgate_provisioning::Loaded;
use tollgate_storage::change::{AuditNote, Change, DocumentChange, Expected};
use tollgate_storage::schema::Collection;

use super::actor;
use super::books::OfflineBooks;
use crate::collections::{OPERATOR_STATUSES, OPERATORS};
use crate::documents::{Document, DocumentCache, to_json};
use crate::operators::file_status::{FileStatus, FileStatusStep};
use crate::operators::record::OperatorRecord;
use crate::operators::{action_of, no_operator, view};
use crate::sealing::Sealer;

/// A status as it is written: a document in its place, and what the audit log says.
struct Step {
    document: Option<(Collection, Expected, Vec<u8>)>,
    was: Value,
    is: Value,
}

impl OfflineBooks {
    /// Gives an operator another status, durably, with a note in the audit log: one of the files that were read or one of the
    /// API. `Err` is for a person to read.
    pub fn set_operator_status(
        &self,
        loaded: &Loaded,
        code: &str,
        status: OperatorStatus,
    ) -> Result<Value, String> {
        let said = |problem: Problem| problem.detail;
        let of_files = loaded.provisioning.operators.iter().map(|provisioned| &provisioned.operator);
        let in_file = of_files.into_iter().find(|operator| *operator.code == *code);
        let step = match in_file {
            Some(operator) => self.step_of_file(operator, status),
            None => self.step_of_api(&Sealer::new(&loaded.settings.secrets), code, status),
        };
        let Step { document, was, is } = step.map_err(said)?;
        let (mut change, answer) = Change::begin();
        change.documents.extend(document.map(|(collection, expected, body)| DocumentChange {
            collection,
            key: code.as_bytes().to_vec(),
            expected,
            body: Some(body),
        }));
        change.audit.push(AuditNote {
            actor: actor(self.uid),
            action: action_of(status).to_owned(),
            resource: format!("operator/{code}"),
            before: was.to_string(),
            after: is.to_string(),
            ..AuditNote::default()
        });
        self.commit(change, answer)?;
        let source = if in_file.is_some() { "file" } else { "api" };
        Ok(json!({ "code": code, "status": Word(status), "source": source }))
    }

    fn step_of_file(&self, operator: &Operator, status: OperatorStatus) -> Result<Step, Problem> {
        let before = DocumentCache::<FileStatus>::load(self.store(), OPERATOR_STATUSES);
        let before = before.map_err(|error| Problem::unavailable(error.to_string()))?.get(&operator.code);
        let FileStatusStep { document, was, is } = FileStatusStep::to(operator, before.as_deref(), status)?;
        let expected = expected(before.as_ref());
        let document = document.map(|document| (OPERATOR_STATUSES, expected, to_json(&document)));
        Ok(Step { document, was, is })
    }

    fn step_of_api(&self, sealer: &Sealer, code: &str, status: OperatorStatus) -> Result<Step, Problem> {
        let records = DocumentCache::<OperatorRecord>::load_sealed(self.store(), OPERATORS, sealer);
        let before = records.map_err(|error| Problem::unavailable(error.to_string()))?.get(code);
        let before = before.ok_or_else(|| no_operator(code))?;
        let mut record = before.value.clone();
        record.input.status = Word(status);
        let body = sealer.seal(OPERATORS, code.as_bytes(), to_json(&record))?;
        let (was, is) = (view::audited(&before.value), view::audited(&record));
        Ok(Step { document: Some((OPERATORS, expected(Some(&before)), body)), was, is })
    }
}

fn expected<T>(before: Option<&Arc<Document<T>>>) -> Expected {
    before.map_or(Expected::Absent, |before| Expected::Revision(before.revision))
}
