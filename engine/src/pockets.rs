//! The pockets of an account beside its wallet: bundles, the counters of its caps, and its commission balance. Most accounts
//! have none.

use crate::bundle::Bundles;
use crate::cap::CapCounters;
use crate::money::Total;
use crate::posting::{AccountPostings, LevelPostings};

/// Bundles, counters of caps and the commission balance of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pockets {
    /// The bundles of the account.
    pub bundles: Bundles,
    /// The counters of the account's caps.
    pub caps: CapCounters,
    /// Earned and not yet paid out. Below zero where commission that was paid out was given back later.
    pub commission: Total,
}

impl Pockets {
    /// True if nothing is in them.
    pub fn is_empty(&self) -> bool {
        self.bundles.is_empty() && self.caps.iter().next().is_none() && self.commission == Total::ZERO
    }

    /// Applies what a message moves.
    pub(crate) fn apply(&mut self, moved: &LevelPostings) {
        self.bundles.take(&moved.takes);
        self.caps.count_message(&moved.caps, moved.posting.amount);
        self.commission += moved.commission;
    }

    /// Takes back what messages have moved.
    pub fn undo(&mut self, moved: &AccountPostings) {
        self.bundles.give_back(&moved.takes);
        for (count, amount, messages) in &moved.caps {
            self.caps.give_back(count, *amount, *messages);
        }
        self.commission -= moved.commission;
    }
}
