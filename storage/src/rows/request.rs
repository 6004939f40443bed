//! Requests with an idempotency key: what the first use of each came to.

use std::fmt;

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros};

/// `requests`: what an idempotency key was first used for.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// The time until which the key is remembered.
    pub expires_at: UnixMicros,
    /// A hash of the request, to tell a resend from another request.
    pub fingerprint: u64,
    /// The time of its first use.
    pub at: UnixMicros,
    /// The result, as [`Changed`](crate::change::Changed) writes itself.
    pub result: Vec<u8>,
}

impl fmt::Debug for RequestRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expires_at, fingerprint, at, .. } = self;
        f.debug_struct("RequestRow")
            .field("expires_at", expires_at)
            .field("fingerprint", fingerprint)
            .field("at", at)
            .finish_non_exhaustive()
    }
}

impl Row for RequestRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        // The expiry leads, so that compaction can drop the row after a glance.
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.extend_from_slice(&self.fingerprint.to_be_bytes());
        put_micros(out, self.at);
        put_bytes(out, &self.result);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            expires_at: UnixMicros(reader.be_u64()?),
            fingerprint: reader.be_u64()?,
            at: reader.micros()?,
            result: reader.bytes()?.to_vec(),
        })
    }
}
