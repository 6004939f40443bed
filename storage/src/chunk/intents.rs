//! The messages of a chunk that are to be sent, each with its queue.
//!
//! Messages that end with the same octets share them: the destinations of a submit_multi have one text and one set of
//! optional parameters, and it is kept once.

use std::fmt;
use std::ops::Range;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

/// Bodies from so many octets on are compared with the one before; below it a copy is cheaper.
const SHARED_LENGTH_MIN: usize = 256;
/// Memory above which an emptied chunk does not keep it.
const KEPT_MAX: usize = 64 * 1024;

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

/// The bytes of a message, in two parts that follow one another.
pub type Body<'a> = [&'a [u8]; 2];

/// The intents of a chunk, each with its message's bytes.
#[derive(Clone, Default)]
pub struct Intents {
    rows: Vec<PushedIntent>,
    octets: Vec<u8>,
    /// The long body that was kept whole last.
    whole: Range<usize>,
    /// Bytes of all messages, shared ones counted for each.
    bytes: usize,
}

#[derive(Clone)]
struct PushedIntent {
    /// Position of its CDR in the chunk.
    index: u32,
    intent: Intent,
    /// The first part of its bytes.
    own: Range<usize>,
    /// The part that it has in common with another, which may be empty.
    shared: Range<usize>,
}

// The bodies hold the text of messages, which no log may show.
impl fmt::Debug for Intents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} intents of {} octets", self.rows.len(), self.bytes)
    }
}

impl Intents {
    pub(super) fn push(&mut self, index: u32, intent: Intent, body: &[u8]) {
        let shared = self.shared_end_of(body);
        let begin = self.octets.len();
        self.octets.extend_from_slice(body.get(..body.len() - shared.len()).unwrap_or_default());
        let own = begin..self.octets.len();
        if shared.is_empty() && body.len() >= SHARED_LENGTH_MIN {
            self.whole = own.clone();
        }
        self.bytes += body.len();
        self.rows.push(PushedIntent { index, intent, own, shared });
    }

    /// The octets at the end of a body that are kept already; none where they are few.
    fn shared_end_of(&self, body: &[u8]) -> Range<usize> {
        let Some(whole) = self.octets.get(self.whole.clone()).filter(|_| body.len() >= SHARED_LENGTH_MIN)
        else {
            return 0..0;
        };
        let pairs = body.iter().rev().zip(whole.iter().rev());
        let length = pairs.take_while(|(one, other)| one == other).count();
        if length < SHARED_LENGTH_MIN / 2 { 0..0 } else { self.whole.end - length..self.whole.end }
    }

    /// Empties it. Memory that was made for long bodies is given back.
    pub(super) fn clear(&mut self) {
        if self.octets.capacity() > KEPT_MAX {
            *self = Self::default();
        }
        self.rows.clear();
        self.octets.clear();
        (self.whole, self.bytes) = (0..0, 0);
    }

    /// Bytes of their messages.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that they take in memory, roughly.
    pub(super) fn held(&self) -> usize {
        self.octets.len() + self.rows.len() * size_of::<PushedIntent>()
    }

    /// The position of each one's CDR, where it goes, and its bytes without the id in front; in the order of
    /// the CDRs.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Intent, Body<'_>)> {
        let part = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
        self.rows.iter().map(move |row| (row.index, row.intent, [part(&row.own), part(&row.shared)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTENT: Intent =
        Intent { first_choice: OperatorNumber(1), class: 0, scheduled_at: None, expires_at: None };

    fn bodies(intents: &Intents) -> Vec<Vec<u8>> {
        intents.iter().map(|(_, _, body)| body.concat()).collect()
    }

    #[test]
    fn the_destinations_of_one_message_share_its_text() {
        let text = vec![b'x'; 60_000];
        let of = |number: u32| [format!("to {number} ").as_bytes(), &text].concat();
        let mut intents = Intents::default();
        (0..255).for_each(|number| intents.push(number, INTENT, &of(number)));
        assert_eq!(bodies(&intents), (0..255).map(of).collect::<Vec<_>>());
        assert!(intents.held() < 60_000 + 255 * 200, "{}", intents.held());
        assert!(intents.bytes() > 255 * 60_000);
        intents.clear();
        assert_eq!((intents.bytes(), intents.octets.capacity()), (0, 0), "the memory is given back");
    }

    #[test]
    fn bodies_of_any_lengths_come_back_as_they_were() {
        let mut intents = Intents::default();
        let pushed: Vec<Vec<u8>> = [0, 1, 255, 256, 300, 300, 127, 1_000, 256, 999]
            .iter()
            .zip(0_u8..)
            .map(|(length, number)| {
                let mut body = vec![7; *length];
                if let Some(first) = body.first_mut() {
                    *first = number;
                }
                body
            })
            .collect();
        for body in &pushed {
            intents.push(0, INTENT, body);
        }
        assert_eq!(bodies(&intents), pushed);
    }

    #[test]
    fn texts_that_differ_are_kept_each() {
        let mut intents = Intents::default();
        let pushed = [vec![1; 500], vec![2; 500], vec![1; 500]];
        for body in &pushed {
            intents.push(0, INTENT, body);
        }
        assert_eq!(bodies(&intents), pushed);
    }
}
