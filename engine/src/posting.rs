//! Postings: the changes that messages make to the wallet and the pockets of an account.

use crate::account::AccountNumber;
use crate::bundle::BundleTake;
use crate::cap::{CapCount, CapCounts};
use crate::money::{Amount, Total};
use crate::time::Month;

/// One change to one wallet, applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posting {
    /// The account of the wallet.
    pub account: AccountNumber,
    /// Taken from the balance.
    pub amount: Amount,
    /// The month that the segments count in.
    pub month: Month,
    /// Segments that the account had in the month before this posting.
    pub counted_before: u64,
    /// The number of segments added.
    pub segments: u32,
}

/// Everything that one message moves in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelPostings {
    /// The posting on the wallet, with the volume that counts for tiers.
    pub posting: Posting,
    /// Segments that bundles cover.
    pub covered: u32,
    /// The units taken for them.
    pub takes: Vec<BundleTake>,
    /// The caps that the message counts in.
    pub caps: CapCounts,
    /// Earned by the account.
    pub commission: Amount,
}

/// Everything that some messages move in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountPostings {
    /// The account of all of them.
    pub account: AccountNumber,
    /// Taken from the wallet.
    pub amount: Total,
    /// Segments that count for tiers, by month.
    pub volumes: Vec<(Month, u32)>,
    /// Units taken from bundles, one line for each bundle.
    pub takes: Vec<BundleTake>,
    /// Money and messages by cap and span, one line for each.
    pub caps: Vec<(CapCount, Total, u64)>,
    /// Earned by the account.
    pub commission: Total,
}

impl LevelPostings {
    /// True if the message moved nothing but the wallet and its volume.
    pub fn is_plain(&self) -> bool {
        self.takes.is_empty() && self.caps.is_empty() && self.commission == Amount::ZERO
    }
}

impl AccountPostings {
    /// Nothing of this account.
    pub fn of(account: AccountNumber) -> Self {
        Self { account, ..Self::default() }
    }

    /// Adds a message.
    pub fn add(&mut self, moved: &LevelPostings) {
        let Posting { account, amount, month, segments, .. } = moved.posting;
        assert_eq!(account, self.account, "postings of one account are added up");
        self.amount += amount;
        match self.volumes.iter_mut().find(|(known, _)| *known == month) {
            Some((_, counted)) => *counted += segments,
            None => self.volumes.push((month, segments)),
        }
        for take in &moved.takes {
            match self.takes.iter_mut().find(|known| known.bundle == take.bundle) {
                Some(known) => known.units += take.units,
                None => self.takes.push(*take),
            }
        }
        for (place, count) in moved.caps.iter().enumerate() {
            self.count(count, amount, place);
        }
        self.commission += moved.commission;
    }

    /// The postings that a refund gives back: caps that keep what was counted are left out.
    #[must_use]
    pub fn refundable(mut self) -> Self {
        self.caps.retain(|(count, ..)| count.gives_back);
        self
    }

    /// True if more than the wallet and its volumes is moved.
    pub fn moves_pockets(&self) -> bool {
        !self.takes.is_empty() || !self.caps.is_empty() || self.commission != Total::ZERO
    }

    /// Counts a message in a cap, whose line most often is the one at this place.
    fn count(&mut self, count: &CapCount, amount: Amount, place: usize) {
        let is_there = self.caps.get(place).is_some_and(|(known, ..)| known == count);
        let place =
            if is_there { Some(place) } else { self.caps.iter().position(|(known, ..)| known == count) };
        match place.and_then(|place| self.caps.get_mut(place)) {
            Some((_, sum, messages)) => {
                *sum += amount;
                *messages += 1;
            }
            None => self.caps.push((*count, amount.into(), 1)),
        }
    }
}
