//! A queue in which everybody has the same share of what is taken out, by deficit round robin.
//!
//! Each item has a cost. Its owner has a credit, which grows by one quantum with each turn; items are taken out while the
//! credit covers them. Whoever has more waiting than others waits for itself, and whoever is alone waits for nobody. The
//! order of one owner's items never changes.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Items of many owners.
#[derive(Debug)]
pub struct FairQueue<K, T> {
    quantum: u64,
    owners: HashMap<K, Owner<T>>,
    /// The owners of items, in the order of their turns. The first one's turn is under way.
    turns: VecDeque<K>,
}

#[derive(Debug)]
struct Owner<T> {
    items: VecDeque<(u64, T)>,
    /// The cost of what may still be taken out in this turn.
    credit: u64,
}

impl<K: Copy + Eq + Hash, T> FairQueue<K, T> {
    /// An empty queue, in which a turn lets through a cost of `quantum`, at least one.
    pub fn new(quantum: u64) -> Self {
        Self { quantum: quantum.max(1), owners: HashMap::new(), turns: VecDeque::new() }
    }

    /// Adds an item behind its owner's others.
    pub fn push(&mut self, owner: K, cost: u64, item: T) {
        let turns = &mut self.turns;
        let owned = self.owners.entry(owner).or_insert_with(|| {
            turns.push_back(owner);
            Owner { items: VecDeque::new(), credit: 0 }
        });
        owned.items.push_back((cost, item));
    }

    /// Takes out the next item.
    pub fn pop(&mut self) -> Option<T> {
        loop {
            let owner = *self.turns.front()?;
            let Some(owned) = self.owners.get_mut(&owner) else {
                unreachable!("somebody has a turn and owns nothing")
            };
            let next = owned.items.front().map(|(cost, _)| *cost);
            let Some(cost) = next.filter(|cost| *cost <= owned.credit) else {
                // The turn is over, and the next one brings more.
                owned.credit = owned.credit.saturating_add(self.quantum);
                self.turns.rotate_left(1);
                continue;
            };
            owned.credit -= cost;
            let item = owned.items.pop_front().map(|(_, item)| item);
            if owned.items.is_empty() {
                // A credit that is not used is not kept.
                self.owners.remove(&owner);
                self.turns.pop_front();
            }
            return item;
        }
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn taken(queue: &mut FairQueue<u8, (u8, u32)>, count: usize) -> Vec<(u8, u32)> {
        (0..count).map_while(|_| queue.pop()).collect()
    }

    #[test]
    fn one_owner_waits_for_nobody() {
        let mut queue = FairQueue::new(10);
        for (number, cost) in [(0, 25), (1, 1), (2, 10), (3, 0)] {
            queue.push(1, cost, (1, number));
        }
        assert_eq!(taken(&mut queue, 9), [(1, 0), (1, 1), (1, 2), (1, 3)]);
        assert!(queue.is_empty());
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn a_light_owner_is_served_within_one_round() {
        let mut queue = FairQueue::new(100);
        for number in 0..1_000 {
            queue.push(1, 100, (1, number));
        }
        taken(&mut queue, 10);
        queue.push(2, 20, (2, 0));
        let next = taken(&mut queue, 3);
        assert!(next.contains(&(2, 0)), "{next:?}");
    }

    #[test]
    fn owners_of_large_and_small_items_have_the_same_share() {
        let mut queue = FairQueue::new(100);
        for number in 0..10_000 {
            queue.push(1, 1_000, (1, number));
            queue.push(2, 10, (2, number));
        }
        let mut costs = BTreeMap::new();
        for (owner, _) in taken(&mut queue, 5_000) {
            *costs.entry(owner).or_insert(0_u64) += if owner == 1 { 1_000 } else { 10 };
        }
        assert!(costs[&1].abs_diff(costs[&2]) <= 1_100, "{costs:?}");
    }

    proptest! {
        /// Every item comes out once, those of one owner in their order, and no owner that has something waiting falls
        /// behind another by more than a turn and the largest item.
        #[test]
        fn shares_are_fair(items in prop::collection::vec((0_u8..4, 0_u64..300), 0..400), quantum in 1_u64..200) {
            let mut queue = FairQueue::new(quantum);
            let mut expected: BTreeMap<u8, VecDeque<(u64, u32)>> = BTreeMap::new();
            for ((owner, cost), number) in items.iter().zip(0..) {
                queue.push(*owner, *cost, (*owner, number));
                expected.entry(*owner).or_default().push_back((*cost, number));
            }
            let mut served: BTreeMap<u8, u64> = expected.keys().map(|owner| (*owner, 0)).collect();
            while let Some((owner, number)) = queue.pop() {
                let (cost, first) = expected.get_mut(&owner).unwrap().pop_front().unwrap();
                prop_assert_eq!(first, number);
                *served.get_mut(&owner).unwrap() += cost;
                for (other, waiting) in &expected {
                    if !waiting.is_empty() {
                        prop_assert!(served[&owner] <= served[other] + 2 * quantum + 2 * 300);
                    }
                }
            }
            prop_assert!(expected.values().all(VecDeque::is_empty));
            prop_assert!(queue.is_empty());
        }
    }
}
