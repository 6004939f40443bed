//! The status that the API gives to an operator of `operators.toml`. The file stays as it is; the status is kept in the books,
//! over restarts and reloads, until the operator is resumed.

use serde::{Deserialize, Serialize};
use tollgate_api::operators::OperatorStatus;

/// A status, by the code of its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// Draining or disabled; active where it was resumed.
    pub status: OperatorStatus,
}
