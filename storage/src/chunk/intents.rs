//! The messages of a chunk that are to be sent, each with its queue.

use std::fmt;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

/// That a charged message is to be sent, and where it waits until it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The operator that was chosen for it.
    pub first_choice: OperatorNumber,
    /// Below [`crate::message::CLASSES`]; lower is sent first.
    pub class: u8,
    /// Not before then.
    pub scheduled_at: Option<UnixMicros>,
    /// The end that its client gave it.
    pub expires_at: Option<UnixMicros>,
}

/// The intents of a chunk, each with its message's bytes.
#[derive(Clone, Default)]
pub struct Intents {
    rows: Vec<PushedIntent>,
    bodies: Vec<u8>,
}

#[derive(Clone, Copy)]
struct PushedIntent {
    /// Position of its CDR in the chunk.
    index: u32,
    intent: Intent,
    /// The end of its bytes; they begin at the end of those before.
    end: usize,
}

// The bodies hold the text of messages, which no log may show.
impl fmt::Debug for Intents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} intents of {} octets", self.rows.len(), self.bodies.len())
    }
}

impl Intents {
    pub(super) fn push(&mut self, index: u32, intent: Intent, body: &[u8]) {
        self.bodies.extend_from_slice(body);
        self.rows.push(PushedIntent { index, intent, end: self.bodies.len() });
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.bodies.clear();
    }

    /// Bytes of their messages.
    pub(super) fn bytes(&self) -> usize {
        self.bodies.len()
    }

    /// The position of each one's CDR, where it goes, and its bytes without the id in front; in the order of
    /// the CDRs.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Intent, &[u8])> {
        self.rows.iter().scan(0, |start, row| {
            let body = self.bodies.get(*start..row.end)?;
            *start = row.end;
            Some((row.index, row.intent, body))
        })
    }
}
