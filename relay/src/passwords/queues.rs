//! Two queues of passwords, each with a room and a ceiling of its own: one of strangers, and one of those who were in lately.
//!
//! The two take turns. However many strangers guess, whoever was in lately waits for one of their checks at most.

use std::time::Instant;

use super::asker::Asker;
use super::guess_queue::{GuessQueue, Next, QueueBounds, TooMany};

/// Checks of strangers. A request over HTTP holds a thread while it waits, and some are to be left for others.
const STRANGERS: QueueBounds = QueueBounds { waiting: 256, of_asker: 16 };
/// Checks of those who are known. A program that makes many users at once is one asker.
const KNOWN: QueueBounds = QueueBounds { waiting: 192, of_asker: 64 };

/// The checks that wait.
#[derive(Debug)]
pub struct CheckQueues<T> {
    known: GuessQueue<Asker, T>,
    strangers: GuessQueue<Asker, T>,
    /// True if strangers had the last turn.
    known_are_next: bool,
}

impl<T> CheckQueues<T> {
    /// Nothing waits, and nobody has failed.
    pub fn new() -> Self {
        Self { known: GuessQueue::new(KNOWN), strangers: GuessQueue::new(STRANGERS), known_are_next: true }
    }

    /// Adds a check to those of its asker. `is_over` says of one that waits that nobody wants its outcome any more.
    pub fn push(&mut self, asker: Asker, check: T, is_over: impl Fn(&T) -> bool) -> Result<(), TooMany> {
        self.queue_of(&asker).push(asker, check, is_over)
    }

    /// Takes out the next check whose outcome is still wanted.
    pub fn pop(&mut self, now: Instant, is_over: impl Fn(&T) -> bool) -> Next<Asker, T> {
        let (first, second) = if self.known_are_next {
            (&mut self.known, &mut self.strangers)
        } else {
            (&mut self.strangers, &mut self.known)
        };
        let waits = match first.pop(now, &is_over) {
            Next::Check(asker, check) => {
                self.known_are_next = !self.known_are_next;
                return Next::Check(asker, check);
            }
            Next::At(at) => Some(at),
            Next::Empty => None,
        };
        match (second.pop(now, &is_over), waits) {
            (Next::At(at), Some(other)) => Next::At(at.min(other)),
            (Next::Empty, Some(other)) => Next::At(other),
            (next, _) => next,
        }
    }

    /// Notes the outcome of a check.
    pub fn finished(&mut self, now: Instant, asker: Asker, right: bool) {
        self.queue_of(&asker).finished(now, asker, right);
    }

    fn queue_of(&mut self, asker: &Asker) -> &mut GuessQueue<Asker, T> {
        if asker.is_known() { &mut self.known } else { &mut self.strangers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: fn(&u32) -> bool = |_| false;

    fn stranger(number: u32) -> Asker {
        Asker::login(Some(number.to_be_bytes().into()), "ann@example.com", false)
    }

    fn ann() -> Asker {
        Asker::login(Some([192, 0, 2, 1].into()), "ann@example.com", true)
    }

    #[test]
    fn a_flood_of_strangers_leaves_room_and_turns_to_whoever_was_in_lately() {
        let (mut queues, now) = (CheckQueues::new(), Instant::now());
        let fits = (0..1_000).filter(|number| queues.push(stranger(*number), *number, NONE).is_ok()).count();
        assert_eq!(fits, STRANGERS.waiting);
        queues.push(ann(), 5_000, NONE).unwrap();
        queues.push(ann(), 5_001, NONE).unwrap();
        let mut order = Vec::new();
        for _ in 0..4 {
            let Next::Check(asker, check) = queues.pop(now, NONE) else { panic!("something waits") };
            queues.finished(now, asker, check >= 5_000);
            order.push(check);
        }
        assert_eq!(order, [5_000, 0, 5_001, 1]);
    }

    #[test]
    fn the_ceiling_of_strangers_is_none_for_whoever_was_in_lately_even_after_a_slip() {
        let (mut queues, now) = (CheckQueues::new(), Instant::now());
        for number in 0..1_000 {
            let _ = queues.push(stranger(number), number, NONE);
            if let Next::Check(asker, _) = queues.pop(now, NONE) {
                queues.finished(now, asker, false);
            }
        }
        assert!(matches!(queues.pop(now, NONE), Next::At(_)), "strangers wait");
        for right in [false, true] {
            queues.push(ann(), 5_000, NONE).unwrap();
            assert_eq!(queues.pop(now, NONE), Next::Check(ann(), 5_000));
            queues.finished(now, ann(), right);
        }
    }

    #[test]
    fn one_network_of_version_6_is_one_asker() {
        let from = |peer: &str| Asker::login(Some(peer.parse().unwrap()), "ann@example.com", false);
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
    }
}
