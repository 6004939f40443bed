//! The messages of one bind that are not answered yet, found by sequence number.

use std::time::Instant;

use super::traffic::Message;

/// Highest sequence number (SMPP 3.4 §5.1.4).
const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// A bounded set of unanswered messages.
pub struct Window {
    /// By the low bits of the sequence number; more than the window, so that one late answer does not stop
    /// the rest.
    slots: Box<[Option<Sent>]>,
    limit: usize,
    unanswered: usize,
    last_sequence: u32,
}

/// A message that was sent.
#[derive(Clone, Copy)]
pub struct Sent {
    /// The sequence number that it was sent with.
    pub sequence: u32,
    /// The time of sending.
    pub at: Instant,
    /// The message itself.
    pub message: Message,
}

impl Window {
    /// Room for `limit` unanswered messages, at least one.
    pub fn new(limit: usize) -> Self {
        let limit = limit.max(1);
        let slots = vec![None; (limit * 4).next_power_of_two()].into();
        Self { slots, limit, unanswered: 0, last_sequence: 0 }
    }

    /// A sequence number for a request that is no message.
    pub fn next_sequence(&mut self) -> u32 {
        self.last_sequence = following(self.last_sequence);
        self.last_sequence
    }

    /// True if another message may be sent.
    pub fn has_room(&self) -> bool {
        let next = following(self.last_sequence);
        self.unanswered < self.limit && self.slots[self.slot(next)].is_none()
    }

    /// Number of unanswered messages.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Takes in a message that is about to be sent. The sequence number that it is to have.
    pub fn admit(&mut self, message: Message, at: Instant) -> u32 {
        let sequence = self.next_sequence();
        let slot = self.slot(sequence);
        self.slots[slot] = Some(Sent { sequence, at, message });
        self.unanswered += 1;
        sequence
    }

    /// Takes out the message that was sent with `sequence`; `None` if there is none.
    pub fn settle(&mut self, sequence: u32) -> Option<Sent> {
        let slot = self.slot(sequence);
        let sent = self.slots[slot].take_if(|sent| sent.sequence == sequence)?;
        self.unanswered -= 1;
        Some(sent)
    }

    /// Takes out every message that is left, in the order of sending.
    pub fn drain(&mut self) -> Vec<Sent> {
        let mut left: Vec<Sent> = self.slots.iter_mut().filter_map(Option::take).collect();
        left.sort_by_key(|sent| sent.message.number);
        self.unanswered = 0;
        left
    }

    fn slot(&self, sequence: u32) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }
}

const fn following(sequence: u32) -> u32 {
    if sequence == SEQUENCE_MAX { 1 } else { sequence + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> Message {
        Message { number, ..Message::default() }
    }

    #[test]
    fn room_is_what_is_left_of_the_limit() {
        let mut window = Window::new(2);
        let first = window.admit(message(0), Instant::now());
        window.admit(message(1), Instant::now());
        assert!(!window.has_room());
        assert_eq!(window.settle(first).map(|sent| sent.message.number), Some(0));
        assert!(window.settle(first).is_none(), "answered twice");
        assert!(window.has_room());
        assert_eq!(window.unanswered(), 1);
    }

    #[test]
    fn a_message_that_is_never_answered_keeps_its_slot() {
        let mut window = Window::new(2);
        window.admit(message(0), Instant::now());
        let mut answered = 0;
        while window.has_room() {
            let sequence = window.admit(message(1), Instant::now());
            window.settle(sequence);
            answered += 1;
        }
        assert_eq!(answered, 7, "eight slots, one of them taken");
        assert_eq!(window.drain().len(), 1);
        assert!(window.has_room());
    }

    #[test]
    fn sequence_numbers_begin_again_at_one() {
        let mut window = Window::new(4);
        window.last_sequence = SEQUENCE_MAX - 1;
        let sequences: Vec<u32> =
            (0..3).map(|number| window.admit(message(number), Instant::now())).collect();
        assert_eq!(sequences, [SEQUENCE_MAX, 1, 2]);
        assert!(sequences.into_iter().all(|sequence| window.settle(sequence).is_some()));
    }

    #[test]
    fn what_is_left_comes_out_in_the_order_of_sending() {
        let mut window = Window::new(8);
        let sequences: Vec<u32> =
            (0..8).map(|number| window.admit(message(number), Instant::now())).collect();
        for answered in [3, 0] {
            window.settle(sequences[answered]);
        }
        let left: Vec<u64> = window.drain().iter().map(|sent| sent.message.number).collect();
        assert_eq!(left, [1, 2, 4, 5, 6, 7]);
        assert_eq!(window.unanswered(), 0);
    }
}
