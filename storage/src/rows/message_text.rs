//! Texts of messages, where they are kept.

use std::fmt;

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::Reader;

/// `message_texts`: the text of a message, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageTextRow {
    /// The time at which it is forgotten.
    pub expires_at: UnixMicros,
    /// The characters of this one message, a user data header left out.
    pub text: String,
}

/// Without the text, which no log may show.
impl fmt::Debug for MessageTextRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageTextRow").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Row for MessageTextRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.extend_from_slice(self.text.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let expires_at = UnixMicros(u64::from_be_bytes(reader.take(8)?.try_into().ok()?));
        let text = std::str::from_utf8(std::mem::take(&mut reader.0)).ok()?.to_owned();
        Some(Self { expires_at, text })
    }
}
