//! Idempotency keys of HTTP requests.

use tollgate_engine::time::UnixMicros;

use crate::change::{ChangeError, Changed, RequestUse};
use crate::database::{Database, Unavailable};
use crate::rows::RequestRow;
use crate::schema::Family;

/// Reads the idempotency keys of requests.
#[derive(Clone, Copy, Debug)]
pub struct RequestRows<'a> {
    pub(super) database: &'a Database,
}

impl RequestRows<'_> {
    /// The row of a request's key, expired or not.
    pub fn get(&self, key: &[u8]) -> Result<Option<RequestRow>, Unavailable> {
        self.database.row(Family::Requests, key)
    }

    /// The result of the first use of a request's key; `None` if there was none that counts at `now`. It
    /// saves a request that came a second time from being refused for what its first time has used up. The
    /// committer looks again.
    pub fn replay(&self, request: &RequestUse, now: UnixMicros) -> Result<Option<Changed>, ChangeError> {
        match self.get(&request.key)? {
            Some(row) if row.expires_at > now => row.replay(request).map(Some),
            _ => Ok(None),
        }
    }
}
