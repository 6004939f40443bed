//! Values by the beginnings of numbers, of which the longest decides: a trie over decimal digits.

/// The digits that lead into the trie in one step.
const ROOT_DIGITS: usize = 3;

/// Values by the beginnings of numbers. Digits are ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigitTrie<V> {
    nodes: Vec<Node<V>>,
    /// By the first digits as a number. Calling codes have no more of them, so that most numbers need no node.
    roots: Vec<Root<V>>,
}

/// The numbers that begin with the same digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node<V> {
    /// By the next digit, the node of longer beginnings; zero where there are none, as nothing leads to the first one.
    next: [u32; 10],
    /// The value of the longest beginning so far.
    value: Option<V>,
}

/// The numbers that begin with the same first digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Root<V> {
    /// The node of longer beginnings; zero where there are none.
    node: u32,
    /// The value of the longest beginning so far.
    value: Option<V>,
}

impl<V> Default for DigitTrie<V> {
    fn default() -> Self {
        Self { nodes: Vec::new(), roots: Vec::new() }
    }
}

impl<V: Copy> DigitTrie<V> {
    /// From beginnings in ascending order, so that a shorter one comes before those that begin with it. What is no digit
    /// ends a beginning.
    pub fn of<'a>(ascending: impl IntoIterator<Item = (&'a [u8], V)>) -> Self {
        let mut nodes: Vec<Node<V>> = Vec::new();
        for (prefix, value) in ascending {
            if nodes.is_empty() {
                nodes.push(Node { next: [0; 10], value: None });
            }
            let mut at = 0;
            for digit in prefix.iter().map_while(|digit| place(*digit)) {
                if nodes[at].next[digit] == 0 {
                    nodes[at].next[digit] = u32::try_from(nodes.len()).unwrap_or_default();
                    nodes.push(Node { next: [0; 10], value: nodes[at].value });
                }
                at = nodes[at].next[digit] as usize;
            }
            nodes[at].value = Some(value);
        }
        let roots = if nodes.is_empty() {
            Vec::new()
        } else {
            (0..1_000).map(|first| root(&nodes, [first / 100, first / 10 % 10, first % 10])).collect()
        };
        Self { nodes, roots }
    }

    /// The value of the longest beginning of these digits; `None` where there is none, or where they are not all digits as
    /// far as they were looked at.
    pub fn longest(&self, digits: &[u8]) -> Option<V> {
        let (mut node, mut rest) = (self.nodes.first()?, digits);
        if let Some((first, behind)) = digits.split_first_chunk::<ROOT_DIGITS>()
            && let Some(root) = self.root(*first)
        {
            if root.node == 0 {
                return root.value;
            }
            (node, rest) = (self.nodes.get(root.node as usize)?, behind);
        }
        for digit in rest {
            let next = *node.next.get(usize::from(digit.wrapping_sub(b'0')))?;
            if next == 0 {
                break;
            }
            node = self.nodes.get(next as usize)?;
        }
        node.value
    }

    fn root(&self, first: [u8; ROOT_DIGITS]) -> Option<&Root<V>> {
        let [hundreds, tens, ones] = first.map(place);
        self.roots.get(hundreds? * 100 + tens? * 10 + ones?)
    }
}

/// The end of a walk along the first digits of a number.
fn root<V: Copy>(nodes: &[Node<V>], first: [usize; ROOT_DIGITS]) -> Root<V> {
    let mut node = 0;
    for digit in first {
        let next = nodes[node].next[digit];
        if next == 0 {
            return Root { node: 0, value: nodes[node].value };
        }
        node = next as usize;
    }
    let Node { next, value } = nodes[node];
    let has_longer = next.iter().any(|next| *next != 0);
    Root { node: if has_longer { u32::try_from(node).unwrap_or_default() } else { 0 }, value }
}

fn place(digit: u8) -> Option<usize> {
    digit.is_ascii_digit().then(|| usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trie(rows: &[(&str, u8)]) -> DigitTrie<u8> {
        let mut rows: Vec<_> = rows.iter().map(|(prefix, value)| (prefix.as_bytes(), *value)).collect();
        rows.sort_unstable();
        DigitTrie::of(rows)
    }

    #[test]
    fn the_longest_beginning_decides() {
        let trie = trie(&[("44", 1), ("4477003", 2), ("44770031", 3), ("1", 4), ("1441", 5)]);
        for (number, value) in [
            ("447700900123", Some(1)),
            ("447700300123", Some(2)),
            ("447700310123", Some(3)),
            ("14412345678", Some(5)),
            ("12125550123", Some(4)),
            ("254722000001", None),
            ("44", Some(1)),
            ("4", None),
            ("", None),
            ("44+7", None),
        ] {
            assert_eq!(trie.longest(number.as_bytes()), value, "{number}");
        }
        assert_eq!(DigitTrie::<u8>::default().longest(b"44"), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_looking_at_every_row_finds(
            rows in proptest::collection::btree_map("[0-2]{1,5}", any::<u8>(), 0..40),
            number in "[0-2]{0,7}",
        ) {
            let trie = DigitTrie::of(rows.iter().map(|(prefix, value)| (prefix.as_bytes(), *value)));
            let longest = rows.iter().filter(|(prefix, _)| number.starts_with(prefix.as_str()));
            let longest = longest.max_by_key(|(prefix, _)| prefix.len()).map(|(_, value)| *value);
            prop_assert_eq!(trie.longest(number.as_bytes()), longest);
        }
    }
}
