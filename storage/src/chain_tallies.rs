//! Messages of chains added up for the time series: who pays the house for them, and what each level above sold.

use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;

use crate::usage::LevelFacts;

/// Messages of one account that have levels above it, added up. The keys are given by us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainTallies {
    /// Messages that another account than the sender pays the house for.
    pub messages: FxHashMap<PaidAbove, PaidAboveTally>,
    /// The sales of the levels above.
    pub sales: FxHashMap<Sale, SaleTally>,
}

/// Messages that one account above pays the house for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaidAbove {
    pub payer: AccountNumber,
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
}

/// Such messages, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaidAboveTally {
    pub messages: u64,
    pub segments: u64,
    /// Paid by the account that sent them.
    pub paid: Total,
    /// Paid to the house.
    pub charged: Total,
}

/// The messages that one account above sold to the account right below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sale {
    pub seller: AccountNumber,
    pub child: AccountNumber,
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
    pub is_agent: bool,
}

/// Such messages, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleTally {
    pub messages: u64,
    pub segments: u64,
    pub bought: Total,
    pub sold: Total,
    pub commission: Total,
}

/// The charge of the account that sent a message.
#[derive(Clone, Copy, Debug)]
pub struct OwnCharge {
    pub account: AccountNumber,
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
    pub segments: u32,
    pub amount: Amount,
}

impl ChainTallies {
    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.sales.is_empty()
    }

    /// Adds a message with the levels above its account, from the parent up.
    pub fn add(&mut self, own: &OwnCharge, levels: impl Iterator<Item = LevelFacts>) {
        let OwnCharge { network, country, .. } = *own;
        let (mut child, mut top) = (own.account, None);
        for level in levels {
            let LevelFacts { account: seller, network, is_agent, .. } = level;
            let tally = self.sales.entry(Sale { seller, child, network, country, is_agent }).or_default();
            tally.messages += 1;
            tally.segments += u64::from(level.segments);
            tally.bought += level.amount;
            tally.sold += level.sold;
            tally.commission += level.commission;
            child = seller;
            if level.pays() {
                top = Some((seller, level.amount));
            }
        }
        if let Some((payer, charged)) = top {
            let tally = self.messages.entry(PaidAbove { payer, network, country }).or_default();
            tally.messages += 1;
            tally.segments += u64::from(own.segments);
            tally.paid += own.amount;
            tally.charged += charged;
        }
    }

    /// Adds all messages of others.
    pub fn extend(&mut self, added: &Self) {
        for (key, added) in &added.messages {
            let tally = self.messages.entry(*key).or_default();
            tally.messages += added.messages;
            tally.segments += added.segments;
            tally.paid += added.paid;
            tally.charged += added.charged;
        }
        for (key, added) in &added.sales {
            let tally = self.sales.entry(*key).or_default();
            tally.messages += added.messages;
            tally.segments += added.segments;
            tally.bought += added.bought;
            tally.sold += added.sold;
            tally.commission += added.commission;
        }
    }
}
