//! A bounded queue of things that are due at some time, first due first out. It never looks at a clock.

use std::collections::BTreeMap;
use std::time::Instant;

/// Things by the time at which they are due, and among equals in the order of their coming.
#[derive(Debug)]
pub struct DelayQueue<T> {
    waiting: BTreeMap<(Instant, u64), T>,
    put_in: u64,
    most: usize,
}

impl<T> DelayQueue<T> {
    /// An empty queue with room for `most`.
    pub fn new(most: usize) -> Self {
        Self { waiting: BTreeMap::new(), put_in: 0, most }
    }

    /// Puts a thing in; a full one gives it back.
    pub fn push(&mut self, due: Instant, thing: T) -> Result<(), T> {
        if self.waiting.len() >= self.most {
            return Err(thing);
        }
        self.put_in += 1;
        self.waiting.insert((due, self.put_in), thing);
        Ok(())
    }

    /// Takes out the first thing that is due at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// The time at which the first thing is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Number of things that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes out everything, due or not, with the time at which it is due.
    pub fn drain(&mut self) -> impl Iterator<Item = (Instant, T)> + use<T> {
        std::mem::take(&mut self.waiting).into_iter().map(|((due, _), thing)| (due, thing))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_due_comes_first_and_nothing_before_its_time() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut queue = DelayQueue::new(4);
        for (after, thing) in [(2, 'c'), (1, 'a'), (3, 'd'), (1, 'b')] {
            queue.push(start + after * second, thing).unwrap();
        }
        assert_eq!(queue.push(start, 'e'), Err('e'), "there is room for four");
        assert_eq!((queue.pop(start), queue.next_due()), (None, Some(start + second)));
        let taken = |queue: &mut DelayQueue<char>, after| queue.pop(start + after * second);
        assert_eq!(
            [1, 1, 1, 2, 2].map(|after| taken(&mut queue, after)),
            [Some('a'), Some('b'), None, Some('c'), None]
        );
        let left: Vec<_> = queue.drain().collect();
        assert_eq!((left, queue.len()), (vec![(start + 3 * second, 'd')], 0));
    }
}
