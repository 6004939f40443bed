//! Passwords that wait to be checked, of askers that take turns, and a ceiling on wrong ones.
//!
//! An asker is one address that asks about one account. Askers take turns, so that whoever asks often waits for itself. Each
//! wrong password uses up a share of what the whole process may be asked, and puts its asker among the suspects. These are
//! served only while shares are left; an asker without a failure is also served for a while after that, so that many
//! guesses do not keep out whoever knows the password. The clock is an argument.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Wrong passwords in the long run: one in this time.
pub const GUESS_INTERVAL: Duration = Duration::from_millis(100);
/// Wrong passwords of suspects at once, after a pause.
const GUESSES_AT_ONCE: u32 = 20;
/// Further ones of askers without a failure, before they wait too.
const FIRST_GUESSES_AT_ONCE: u32 = 200;
/// The time for which an asker stays among the suspects after its last failure.
const SUSPECT_FOR: Duration = Duration::from_mins(10);
/// Suspects that are remembered; the one that failed longest ago is forgotten first.
const SUSPECTS_MAX: usize = 10_000;

/// The numbers of checks that may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueBounds {
    /// Those of all askers together.
    pub waiting: usize,
    /// Those of one asker.
    pub of_asker: usize,
}

/// Too many checks wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct TooMany;

/// The next check.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<K, T> {
    /// To be done now; its outcome goes to [`GuessQueue::finished`].
    Check(K, T),
    /// Nobody may have a turn before this time.
    At(Instant),
    /// Nothing waits for a turn.
    Empty,
}

/// The checks that wait, by asker.
#[derive(Debug)]
pub struct GuessQueue<K, T> {
    bounds: QueueBounds,
    askers: HashMap<K, VecDeque<T>>,
    /// The askers in which something waits, in the order of their turns.
    turns: VecDeque<K>,
    waiting: usize,
    /// The time of the last failure of each suspect.
    suspects: HashMap<K, Instant>,
    /// The time at which all shares that were used have come back.
    restored_at: Option<Instant>,
}

impl<K: Clone + Eq + Hash, T> GuessQueue<K, T> {
    /// Nothing waits, and nobody has failed.
    pub fn new(bounds: QueueBounds) -> Self {
        Self {
            bounds,
            askers: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            suspects: HashMap::new(),
            restored_at: None,
        }
    }

    /// Adds a check to those of its asker. `is_over` says of one that waits that nobody wants its outcome any more.
    pub fn push(&mut self, asker: K, check: T, is_over: impl Fn(&T) -> bool) -> Result<(), TooMany> {
        let bounds = self.bounds;
        let of_asker = self.askers.get(&asker).map_or(0, VecDeque::len);
        if of_asker >= bounds.of_asker || self.waiting >= bounds.waiting {
            self.drop_over(&is_over);
        }
        let waiting = self.askers.entry(asker.clone()).or_default();
        if waiting.len() >= bounds.of_asker || self.waiting >= bounds.waiting {
            if waiting.is_empty() {
                self.askers.remove(&asker);
            }
            return Err(TooMany);
        }
        if waiting.is_empty() {
            self.turns.push_back(asker);
        }
        waiting.push_back(check);
        self.waiting += 1;
        Ok(())
    }

    /// Takes out the next check whose outcome is still wanted.
    pub fn pop(&mut self, now: Instant, is_over: impl Fn(&T) -> bool) -> Next<K, T> {
        for _ in 0..self.turns.len() {
            let Some(asker) = self.turns.pop_front() else { break };
            if !self.may_guess(now, &asker) {
                self.turns.push_back(asker);
                continue;
            }
            if let Some(check) = self.take_from(&asker, &is_over) {
                return Next::Check(asker, check);
            }
        }
        match self.turns.front() {
            None => Next::Empty,
            Some(_) => Next::At(now + GUESS_INTERVAL),
        }
    }

    /// Notes the outcome of a check.
    pub fn finished(&mut self, now: Instant, asker: K, right: bool) {
        if right {
            self.suspects.remove(&asker);
            return;
        }
        let restored_at = self.restored_at.map_or(now, |at| at.max(now));
        self.restored_at = Some(restored_at + GUESS_INTERVAL);
        if !self.suspects.contains_key(&asker) {
            self.make_room(now);
        }
        self.suspects.insert(asker, now);
    }

    /// Takes the first check of an asker that is still wanted; the asker then waits for its next turn.
    fn take_from(&mut self, asker: &K, is_over: impl Fn(&T) -> bool) -> Option<T> {
        let waiting = self.askers.get_mut(asker)?;
        let before = waiting.len();
        while waiting.front().is_some_and(&is_over) {
            waiting.pop_front();
        }
        let check = waiting.pop_front();
        self.waiting -= before - waiting.len();
        if waiting.is_empty() {
            self.askers.remove(asker);
        } else {
            self.turns.push_back(asker.clone());
        }
        check
    }

    fn drop_over(&mut self, is_over: impl Fn(&T) -> bool) {
        self.askers.values_mut().for_each(|waiting| waiting.retain(|check| !is_over(check)));
        self.askers.retain(|_, waiting| !waiting.is_empty());
        self.turns.retain(|asker| self.askers.contains_key(asker));
        self.waiting = self.askers.values().map(VecDeque::len).sum();
    }

    fn may_guess(&self, now: Instant, asker: &K) -> bool {
        let failed_at = self.suspects.get(asker);
        let is_suspect =
            failed_at.is_some_and(|failed_at| now.saturating_duration_since(*failed_at) < SUSPECT_FOR);
        let at_once = if is_suspect { GUESSES_AT_ONCE } else { GUESSES_AT_ONCE + FIRST_GUESSES_AT_ONCE };
        let used = self.restored_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        used < GUESS_INTERVAL * at_once
    }

    fn make_room(&mut self, now: Instant) {
        if self.suspects.len() < SUSPECTS_MAX {
            return;
        }
        self.suspects.retain(|_, failed_at| now.saturating_duration_since(*failed_at) < SUSPECT_FOR);
        if self.suspects.len() >= SUSPECTS_MAX {
            let oldest = self.suspects.iter().min_by_key(|(_, failed_at)| **failed_at);
            if let Some(oldest) = oldest.map(|(asker, _)| asker.clone()) {
                self.suspects.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Queue = GuessQueue<&'static str, u32>;

    const NONE: fn(&u32) -> bool = |_| false;
    const BOUNDS: QueueBounds = QueueBounds { waiting: 512, of_asker: 16 };

    fn next(queue: &mut Queue, now: Instant) -> Option<(&'static str, u32)> {
        match queue.pop(now, NONE) {
            Next::Check(asker, check) => Some((asker, check)),
            Next::At(_) | Next::Empty => None,
        }
    }

    #[test]
    fn askers_take_turns() {
        let (mut queue, now) = (Queue::new(BOUNDS), Instant::now());
        for check in 0..10 {
            queue.push("flood", check, NONE).unwrap();
        }
        queue.push("ann", 100, NONE).unwrap();
        queue.push("ben", 200, NONE).unwrap();
        queue.push("ann", 101, NONE).unwrap();
        let order: Vec<_> = (0..6).filter_map(|_| next(&mut queue, now)).collect();
        let expected = [("flood", 0), ("ann", 100), ("ben", 200), ("flood", 1), ("ann", 101), ("flood", 2)];
        assert_eq!(order, expected);
    }

    #[test]
    fn a_asker_and_the_whole_are_bounded_and_what_nobody_wants_gives_way() {
        let mut queue = GuessQueue::<u32, u32>::new(BOUNDS);
        for check in 0..16 {
            queue.push(0, check, NONE).unwrap();
        }
        assert_eq!(queue.push(0, 16, NONE), Err(TooMany));
        queue.push(0, 16, |check| *check == 3).unwrap();
        for asker in 1..32 {
            for check in 0..16 {
                queue.push(asker, check, NONE).unwrap();
            }
        }
        assert_eq!(queue.push(99, 0, NONE), Err(TooMany));
        assert!(!queue.askers.contains_key(&99));
        queue.push(99, 0, |check| *check == 5).unwrap();
        assert_eq!(queue.waiting, queue.askers.values().map(VecDeque::len).sum::<usize>());
    }

    #[test]
    fn a_check_that_nobody_wants_any_more_costs_nothing() {
        let (mut queue, now) = (Queue::new(BOUNDS), Instant::now());
        for check in 0..5 {
            queue.push("gone", check, NONE).unwrap();
        }
        queue.push("ann", 100, NONE).unwrap();
        assert_eq!(queue.pop(now, |check| *check < 5), Next::Check("ann", 100));
        assert_eq!(queue.pop(now, NONE), Next::Empty);
        assert_eq!(queue.waiting, 0);
    }

    /// The outcomes of a second in which each check takes no time: how many suspects and others had a turn.
    fn wrong_ones(queue: &mut Queue, from: Instant, asker: &'static str, seconds: u32) -> u32 {
        let mut count = 0;
        for millis in 0..seconds * 1_000 {
            let now = from + Duration::from_millis(u64::from(millis));
            let _ = queue.push(asker, 0, NONE);
            if next(queue, now).is_some() {
                queue.finished(now, asker, false);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn wrong_passwords_have_a_ceiling_and_a_asker_without_a_failure_still_has_its_turn() {
        let (mut queue, now) = (Queue::new(BOUNDS), Instant::now());
        assert_eq!(wrong_ones(&mut queue, now, "guesser", 10), 20 + 100);
        let later = now + Duration::from_secs(10);
        queue.push("ann", 100, NONE).unwrap();
        assert_eq!(next(&mut queue, later), Some(("ann", 100)));
        queue.finished(later, "ann", true);
        assert!(matches!(queue.pop(later, NONE), Next::At(_)), "the guesser waits");
    }

    #[test]
    fn guesses_from_many_askers_have_a_ceiling_too() {
        let (mut queue, now) = (GuessQueue::<u32, u32>::new(BOUNDS), Instant::now());
        let mut count = 0;
        for asker in 0..1_000 {
            queue.push(asker, 0, NONE).unwrap();
            match queue.pop(now, NONE) {
                Next::Check(asker, _) => queue.finished(now, asker, false),
                _ => break,
            }
            count += 1;
        }
        assert_eq!(count, 220);
        let later = now + GUESS_INTERVAL * 3;
        let served = (0..10).filter(|_| match queue.pop(later, NONE) {
            Next::Check(asker, _) => {
                queue.finished(later, asker, false);
                true
            }
            _ => false,
        });
        assert_eq!(served.count(), 1, "only one waits");
    }

    #[test]
    fn a_right_password_clears_its_asker() {
        let (mut queue, now) = (Queue::new(BOUNDS), Instant::now());
        queue.finished(now, "ann", false);
        queue.finished(now, "ann", true);
        assert!(queue.suspects.is_empty());
    }
}
