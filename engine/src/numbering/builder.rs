//! Collects the prefixes of a numbering plan and lays out its trie.

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;

use super::{Match, Node, NumberingPlan, ROOT_DIGITS, ROOTS, Root, root_index};
use crate::network::NetworkId;
use crate::number::DIGITS_MAX;

/// The reason for which a prefix is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// Not between one and fifteen digits of which the first is not zero.
    #[error("not an E.164 prefix of one to fifteen digits")]
    NotAPrefix,
    /// The prefix was added before.
    #[error("the prefix is listed twice")]
    Duplicate,
}

/// Collects the prefixes of a plan, in any order.
#[derive(Clone, Debug, Default)]
pub struct NumberingPlanBuilder {
    prefixes: BTreeMap<Box<[u8]>, NetworkId>,
}

impl NumberingPlanBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the numbers that begin with `prefix` to `network`.
    pub fn add(&mut self, prefix: &str, network: NetworkId) -> Result<(), PrefixError> {
        let digits = prefix.as_bytes();
        let bounded = (1..=DIGITS_MAX).contains(&digits.len());
        if !bounded || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
            return Err(PrefixError::NotAPrefix);
        }
        if self.prefixes.contains_key(digits) {
            return Err(PrefixError::Duplicate);
        }
        self.prefixes.insert(digits.into(), network);
        Ok(())
    }

    /// The plan of every prefix that was added.
    pub fn build(self) -> NumberingPlan {
        let len = self.prefixes.len();
        let mut roots = vec![Root::default(); ROOTS];
        // In lexical order whatever begins with the same digits lies together, the shortest first.
        let (short, long): (Vec<_>, Vec<_>) =
            self.prefixes.into_iter().partition(|(digits, _)| digits.len() <= ROOT_DIGITS);
        for (digits, network) in short {
            fill(&mut roots, &digits, network);
        }
        let mut layout = Layout::default();
        for subtree in long.chunk_by(|(a, _), (b, _)| a[..ROOT_DIGITS] == b[..ROOT_DIGITS]) {
            let first = root_index(&subtree[0].0[..ROOT_DIGITS]);
            roots[first].node_plus_one = layout.reserve(subtree, ROOT_DIGITS) + 1;
        }
        layout.run();
        NumberingPlan {
            roots: roots.into(),
            nodes: layout.nodes.into(),
            networks: layout.networks.into(),
            len,
        }
    }
}

/// Enters a prefix of at most [`ROOT_DIGITS`] digits wherever the table in front begins with it.
fn fill(roots: &mut [Root], digits: &[u8], network: NetworkId) {
    let span = (digits.len()..ROOT_DIGITS).fold(1, |span, _| span * 10);
    let first = root_index(digits) * span;
    let prefix_len = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    for root in &mut roots[first..first + span] {
        root.best = Some(Match { network, prefix_len });
    }
}

type Prefix = (Box<[u8]>, NetworkId);

/// Lays nodes out breadth first, so that the children of a node follow one another.
#[derive(Default)]
struct Layout<'a> {
    nodes: Vec<Node>,
    networks: Vec<NetworkId>,
    /// The prefixes behind each node that has a place but is not laid out yet, and the digits that lead to
    /// it.
    reserved: VecDeque<(&'a [Prefix], usize)>,
}

impl<'a> Layout<'a> {
    /// Gives the next free place to the node that `depth` common digits of `subtree` lead to.
    fn reserve(&mut self, subtree: &'a [Prefix], depth: usize) -> u32 {
        let place = self.next_place();
        self.reserved.push_back((subtree, depth));
        place
    }

    fn next_place(&self) -> u32 {
        narrow(self.nodes.len() + self.reserved.len())
    }

    fn run(&mut self) {
        while let Some(&(subtree, depth)) = self.reserved.front() {
            let node = self.lay(subtree, depth);
            self.reserved.pop_front();
            self.nodes.push(node);
        }
    }

    fn lay(&mut self, subtree: &'a [Prefix], depth: usize) -> Node {
        let (first_child, first_network) = (self.next_place(), narrow(self.networks.len()));
        let mut node = Node { maps: 0, first_child, first_network };
        for group in subtree.chunk_by(|(a, _), (b, _)| a[depth] == b[depth]) {
            let digit = u32::from(group[0].0[depth] - b'0');
            let longer = match group {
                [(digits, network), longer @ ..] if digits.len() == depth + 1 => {
                    node.maps |= 1 << (digit + Node::NETWORKS_SHIFT);
                    self.networks.push(*network);
                    longer
                }
                longer => longer,
            };
            if !longer.is_empty() {
                node.maps |= 1 << digit;
                self.reserve(longer, depth + 1);
            }
        }
        node
    }
}

/// Memory ends long before four thousand million prefixes do.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_prefix_is_refused() {
        let mut builder = NumberingPlanBuilder::new();
        builder.add("254", NetworkId(1)).unwrap();
        for (prefix, error) in [
            ("254", PrefixError::Duplicate),
            ("", PrefixError::NotAPrefix),
            ("0254", PrefixError::NotAPrefix),
            ("+254", PrefixError::NotAPrefix),
            ("25x", PrefixError::NotAPrefix),
            ("1234567890123456", PrefixError::NotAPrefix),
        ] {
            assert_eq!(builder.add(prefix, NetworkId(2)), Err(error), "{prefix}");
        }
        assert_eq!(builder.build().len(), 1);
    }

    #[test]
    fn a_node_is_twelve_bytes() {
        assert_eq!(size_of::<Node>(), 12);
        assert_eq!(size_of::<Root>(), 12);
    }
}
