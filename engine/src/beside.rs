//! Everything that a charge moves beside the wallet of the account that sends: its bundles and caps, and the accounts above.

use crate::country::CountryCode;
use crate::money::Amount;
use crate::network::NetworkCode;
use crate::posting::LevelPostings;

/// The changes that a charge makes beside the wallet of the account that sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// All that it moves in the account itself.
    pub own: LevelPostings,
    /// The levels above, from the account's parent up.
    pub above: Vec<LevelCharge>,
    /// The country of the destination; `None` where it is not known.
    pub country: Option<CountryCode>,
    /// Soft caps that the message exceeds: the level from zero, and the index of the cap there.
    pub exceeded: Vec<(usize, usize)>,
}

/// A message as one of the levels above buys it or earns on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelCharge {
    /// The network that the level pays for.
    pub network: NetworkCode,
    /// The segments that the level pays for.
    pub segments: u8,
    /// All that it moves in the level's account.
    pub postings: LevelPostings,
    /// The price that the level below pays, in the currency of the level below.
    pub sold: Amount,
    /// True if the level earns a commission on it, as the one above sells to the one below.
    pub is_agent: bool,
}

impl Beside {
    /// All that it moves in each account, the one that sends first.
    pub fn levels(&self) -> impl Iterator<Item = &LevelPostings> {
        std::iter::once(&self.own).chain(self.above.iter().map(|level| &level.postings))
    }
}
