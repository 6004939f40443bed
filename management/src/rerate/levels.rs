//! One message of a chain rated again at every level, and what bundles left to be paid.
//!
//! What the CDR alone can say is taken at its word: the units that bundles gave, and the segments of each level.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkId;
use tollgate_engine::posting::LevelPostings;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{NetworkSource, Tables, Terms};
use tollgate_engine::tariff::{Plan, UnitPrice};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;

use crate::archived_chain::{ArchivedChain, ChargedMessage, paid_segments};

/// The ids of accounts by their numbers.
pub type Names = HashMap<AccountNumber, String>;

/// The chain of an account, as its version has it.
#[derive(Clone, Debug)]
pub struct ChainTerms<'a> {
    chain: ArchivedChain<'a>,
    names: &'a Names,
}

/// The outcome of a message at a level above.
enum Found {
    /// It pays or earns so much.
    Moves { amount: Amount, commission: Amount },
    /// The message has no price there.
    NoPrice,
}

impl<'a> ChainTerms<'a> {
    /// The chain of an account; `None` where it pays alone.
    pub fn of(tables: &'a Tables, names: &'a Names, account: &str) -> Option<Self> {
        ArchivedChain::of(tables, account).map(|chain| Self { chain, names })
    }

    /// The price of a segment for the account, before its tier.
    pub fn unit_price(&self, cdr: &Cdr<'_>, network: NetworkId) -> Option<UnitPrice> {
        let beside = cdr.beside();
        let levels = beside.as_ref().map(|beside| beside.above.as_slice()).unwrap_or_default();
        self.chain.unit_price(&charged(cdr, levels), network)
    }

    /// Everything in which the levels above are not what their version makes of them, in words.
    pub fn differences(&self, cdr: &Cdr<'_>, own_network: Option<NetworkId>) -> Vec<String> {
        let Some(beside) = cdr.beside() else {
            return vec![format!("no levels above, would be {}", self.chain.above.len())];
        };
        if beside.above.len() != self.chain.above.len() {
            return vec![format!("{} levels above, would be {}", beside.above.len(), self.chain.above.len())];
        }
        let units = self.chain.units_above(&charged(cdr, &beside.above));
        let (mut others, mut below, mut paid) = (Vec::new(), self.chain.own, Some(cdr.fields.amount));
        for (((terms, level), unit), place) in self.chain.above.iter().zip(&beside.above).zip(units).zip(1..)
        {
            let level_words = |what: String| format!("level {place}, account {}: {what}", terms.account.id);
            let posting = &level.postings.posting;
            if self.names.get(&posting.account).map(String::as_str) != Some(&*terms.account.id) {
                others.push(level_words("is not the one that was charged".to_owned()));
            }
            if !self.has_network(cdr, terms, level, own_network) {
                others.push(level_words(format!("network {}, would be another", level.network)));
            }
            if posting.month != terms.plan.months.month_at(cdr.header.submitted_at) {
                others.push(level_words(format!("month {}, would be another", posting.month)));
            }
            if paid != Some(level.sold) {
                others.push(level_words(format!("sold for {}", level.sold)));
            }
            match self.found(below, terms, level, unit, cdr.header.submitted_at) {
                Found::Moves { amount, commission }
                    if (amount, commission) == (posting.amount, level.postings.commission) => {}
                Found::Moves { amount, commission } => others.push(level_words(format!(
                    "charged {} and earned {}, would be {amount} and {commission}",
                    posting.amount, level.postings.commission
                ))),
                Found::NoPrice => others.push(level_words("would have no price".to_owned())),
            }
            paid = match below.account.reselling.earning {
                Earning::Wholesale => Some(posting.amount),
                _ => self.converted(level.sold, below, terms, cdr.header.submitted_at),
            };
            below = terms;
        }
        others
    }

    fn has_network(
        &self,
        cdr: &Cdr<'_>,
        terms: &Terms,
        level: &LevelCharge,
        own_network: Option<NetworkId>,
    ) -> bool {
        // The TLV of a message is not kept, and one level may believe it where another does not.
        let is_named = cdr.fields.network_source == NetworkSource::Tlv || terms.account.trusts_network_tlv;
        is_named || self.chain.tables.networks.id(level.network) == own_network
    }

    fn converted(&self, amount: Amount, from: &Terms, to: &Terms, at: UnixMicros) -> Option<Amount> {
        self.chain.tables.exchange.convert(amount, from.account.currency, to.account.currency, at)
    }

    fn found(
        &self,
        below: &Terms,
        terms: &Terms,
        level: &LevelCharge,
        unit: Option<UnitPrice>,
        at: UnixMicros,
    ) -> Found {
        let (plan, segments) = (&terms.plan.plan, u32::from(level.segments));
        let price = || match below.account.reselling.earning {
            Earning::Wholesale => {
                let amount = paid_amount(plan, unit, &level.postings, segments)?;
                Some((amount, Amount::ZERO))
            }
            Earning::CommissionOfCharge(share) => {
                let sold = self.converted(level.sold, below, terms, at)?;
                unit.and(Some((Amount::ZERO, share.of(sold)?)))
            }
            Earning::CommissionOfMargin(share) => {
                let sold = self.converted(level.sold, below, terms, at)?;
                let base = plan.price(unit?, level.postings.posting.counted_before, segments)?;
                let margin =
                    sold.checked_sub(base).filter(|margin| !margin.is_negative()).unwrap_or_default();
                Some((Amount::ZERO, share.of(margin)?))
            }
        };
        match price() {
            Some((amount, commission)) => Found::Moves { amount, commission },
            None => Found::NoPrice,
        }
    }
}

/// The message of a CDR, charged at these levels above.
fn charged<'a>(cdr: &'a Cdr<'_>, above: &'a [LevelCharge]) -> ChargedMessage<'a> {
    ChargedMessage { number: &cdr.fields.destination, submitted_at: cdr.header.submitted_at, above }
}

/// The price of what bundles have not covered. Where that is nothing, no rate is needed.
pub fn paid_amount(
    plan: &Plan,
    unit: Option<UnitPrice>,
    moved: &LevelPostings,
    segments: u32,
) -> Option<Amount> {
    let (behind, paid) = paid_segments(plan, moved, segments)?;
    if paid == 0 { Some(Amount::ZERO) } else { plan.price(unit?, behind, paid) }
}
