//! The status that the API gives to an operator of `operators.toml`. The file stays as it is; the status is kept in the books,
//! over restarts and reloads, until the operator is resumed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::choice::Word;
use tollgate_api::operators::OperatorStatus;
use tollgate_api::problem::Problem;
use tollgate_engine::operator::{self, Operator};
use tollgate_provisioning::Choice;

use crate::documents::Document;

/// A status, by the code of its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// Draining or disabled; active where it was resumed.
    pub status: OperatorStatus,
}

/// The step of an operator of the file to a status.
#[derive(Debug)]
pub struct FileStatusStep {
    /// The document to write; `None` where there is none and none is needed.
    pub document: Option<FileStatus>,
    /// The status before, for the audit log.
    pub was: Value,
    /// The status after.
    pub is: Value,
}

impl FileStatusStep {
    /// From what the books say of the operator to this status. One that its file holds back is resumed there.
    pub fn to(
        in_file: &Operator,
        before: Option<&Document<FileStatus>>,
        status: operator::OperatorStatus,
    ) -> Result<Self, Problem> {
        let (code, said) = (&in_file.code, in_file.status);
        if status == operator::OperatorStatus::Active && said != status {
            let said = said.word();
            let message = format!("operator `{code}` is `{said}` in operators.toml; change it there");
            return Err(Problem::provisioned_by_file(message));
        }
        // One that is active again keeps its document, so that no version of it comes a second time.
        let is_needed = before.is_some() || status != operator::OperatorStatus::Active;
        Ok(Self {
            document: is_needed.then_some(FileStatus { status: Word(status) }),
            was: before.map_or(Value::Null, |before| json!({ "status": before.value.status })),
            is: json!({ "status": Word(status) }),
        })
    }
}
