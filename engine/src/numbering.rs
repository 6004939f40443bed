//! The network that a number belongs to: the numbering plan by longest prefix, and the numbers that were
//! ported away.
//!
//! The plan is a trie over decimal digits, laid out flat. A node is twelve bytes: two ten-bit maps, of the
//! digits that lead to another node and of those at which a prefix ends, and where in the two arrays beside
//! it these begin; counting the bits below a digit gives its place. A prefix at which nothing longer begins
//! has no node of its own, only two bytes for its network. The first three digits, which every number has,
//! are one table step. The shipped plan takes 5.1 bytes for each of its 29,930 prefixes, and a test keeps it
//! below six.

use std::collections::BTreeSet;

use crate::network::NetworkId;
use crate::number::Number;

mod builder;
mod ported;

pub use builder::{NumberingPlanBuilder, PrefixError};
pub use ported::{AlreadyPorted, PortedNumbers};

/// Digits that the table in front of the trie decides.
const ROOT_DIGITS: usize = 3;
const ROOTS: usize = 10usize.pow(3);

/// The numbering plan: E.164 prefix → network, longest prefix wins. The default one is empty.
#[derive(Clone, Debug, Default)]
pub struct NumberingPlan {
    /// By the first [`ROOT_DIGITS`] digits; empty in an empty plan.
    roots: Box<[Root]>,
    nodes: Box<[Node]>,
    networks: Box<[NetworkId]>,
    len: usize,
}

/// The entry of the first three digits.
#[derive(Clone, Copy, Debug, Default)]
struct Root {
    /// The longest prefix among these digits.
    best: Option<Match>,
    /// Index of the node with longer prefixes, plus one; zero where there are none.
    node_plus_one: u32,
}

/// A place in the trie behind which longer prefixes lie.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Bits 0 to 9: the digits that lead to another node. Bits 16 to 25: the digits at which a prefix ends.
    maps: u32,
    first_child: u32,
    first_network: u32,
}

/// The network of a number, and how many of its digits decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The network of the number.
    pub network: NetworkId,
    /// Length of the prefix, in digits.
    pub prefix_len: u8,
}

impl NumberingPlan {
    /// The network of the longest prefix of `number`.
    pub fn lookup(&self, number: &Number) -> Option<Match> {
        let (first, rest) = number.as_bytes().split_at_checked(ROOT_DIGITS)?;
        let root = self.roots.get(root_index(first))?;
        let mut best = root.best;
        let mut node = root.node_plus_one.checked_sub(1);
        for (digit, prefix_len) in rest.iter().zip(4..) {
            let Some(at) = node.and_then(|index| self.nodes.get(index as usize)) else {
                break;
            };
            let digit = u32::from(digit - b'0');
            if let Some(network) = at.network(digit).and_then(|index| self.networks.get(index as usize)) {
                best = Some(Match { network: *network, prefix_len });
            }
            node = at.child(digit);
        }
        best
    }

    /// The number of prefixes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The network of each prefix, in no order. A short prefix that longer ones leave no number of is left out.
    pub fn prefix_networks(&self) -> impl Iterator<Item = NetworkId> {
        let short = (0..).zip(&self.roots).filter_map(|(index, root): (u32, &Root)| {
            let best = root.best?;
            let shared = 10_u32.pow(u32::from(3_u8.saturating_sub(best.prefix_len)));
            // One prefix of one or two digits decides up to a hundred entries.
            Some((best.prefix_len, index / shared, best.network))
        });
        let short: BTreeSet<(u8, u32, NetworkId)> = short.collect();
        short.into_iter().map(|(_, _, network)| network).chain(self.networks.iter().copied())
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.roots) + size_of_val(&*self.nodes) + size_of_val(&*self.networks)
    }
}

impl Node {
    const NETWORKS_SHIFT: u32 = 16;

    fn child(&self, digit: u32) -> Option<u32> {
        rank(self.maps & 0x3FF, digit).map(|rank| self.first_child + rank)
    }

    fn network(&self, digit: u32) -> Option<u32> {
        rank(self.maps >> Self::NETWORKS_SHIFT, digit).map(|rank| self.first_network + rank)
    }
}

/// The number of bits of `map` that are set below `digit`; `None` where its own is not.
fn rank(map: u32, digit: u32) -> Option<u32> {
    let bit = 1 << digit;
    (map & bit != 0).then(|| (map & (bit - 1)).count_ones())
}

fn root_index(digits: &[u8]) -> usize {
    digits.iter().fold(0, |index, digit| index * 10 + usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(prefixes: &[(&str, u16)]) -> NumberingPlan {
        let mut builder = NumberingPlanBuilder::new();
        for (prefix, network) in prefixes {
            builder.add(prefix, NetworkId(*network)).unwrap();
        }
        builder.build()
    }

    fn found(plan: &NumberingPlan, number: &str) -> Option<(u16, u8)> {
        let found = plan.lookup(&Number::from_digits(number.as_bytes()).unwrap())?;
        Some((found.network.0, found.prefix_len))
    }

    #[test]
    fn each_prefix_is_counted_once() {
        let prefixes =
            [("1", 1), ("12", 2), ("254", 3), ("25472", 4), ("254722", 4), ("7", 5), ("77", 5), ("2547", 6)];
        let mut networks: Vec<u16> = plan(&prefixes).prefix_networks().map(|network| network.0).collect();
        networks.sort_unstable();
        assert_eq!(networks, [1, 2, 3, 4, 4, 5, 5, 6]);
        assert_eq!(NumberingPlan::default().prefix_networks().count(), 0);
    }

    #[test]
    fn the_longest_prefix_wins() {
        let plan = plan(&[
            ("254", 1),
            ("25472", 2),
            ("254722", 3),
            ("2547229", 4),
            ("1", 5),
            ("12", 6),
            ("1204", 7),
            ("999999999999999", 8),
        ]);
        for (number, expected) in [
            ("254722000001", Some((3, 6))),
            ("254722900001", Some((4, 7))),
            ("254723000001", Some((2, 5))),
            ("254733000001", Some((1, 3))),
            ("25471", Some((1, 3))),
            ("25472", Some((2, 5))),
            ("12045550100", Some((7, 4))),
            ("12125550100", Some((6, 2))),
            ("13125550100", Some((5, 1))),
            ("999999999999999", Some((8, 15))),
            ("99999999999999", None),
            ("255000000000", None),
        ] {
            assert_eq!(found(&plan, number), expected, "{number}");
        }
        assert_eq!(plan.len(), 8);
    }

    #[test]
    fn an_empty_plan_finds_nothing() {
        for plan in [NumberingPlan::default(), plan(&[])] {
            assert_eq!(found(&plan, "254722000001"), None);
            assert!(plan.is_empty());
        }
    }
}
