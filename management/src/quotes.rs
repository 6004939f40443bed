//! The price of a message and its explanation, with names in place of numbers, for `tollgate quote` and the API.

pub mod route;

use std::sync::Arc;

use tollgate_engine::charging::Rated;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::posting::LevelPostings;
use tollgate_engine::quote::{LevelQuote, Quote};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::SegmentCount;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use crate::tariff_files::{PricedLine, Sale, priced, wording};

/// A quote, explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The account that would pay.
    pub account: Arc<str>,
    /// The plan of the account.
    pub plan: Arc<str>,
    /// The currency of every amount here.
    pub currency: Currency,
    /// The tariff version, by content hash.
    pub tariff_version: Arc<str>,
    /// The destination in international form.
    pub number: String,
    /// The network of the destination.
    pub network: NetworkCode,
    /// The network's operator or brand; empty where only the code is known.
    pub operator: String,
    /// Code and name of its country; `None` for international networks.
    pub country: Option<(String, String)>,
    /// The way in which the network was found.
    pub found_by: String,
    /// The number of segments that would be charged.
    pub segments: u8,
    /// Those of them that count for the tiers.
    pub counted: u32,
    /// The count of segments with its coding.
    pub count: SegmentCount,
    /// The price of a segment before its tier.
    pub unit_price: Amount,
    /// The source of that price.
    pub price_source: String,
    /// The segments by tier, with the tier in words.
    pub lines: Vec<PricedLine>,
    /// The month that they would count in.
    pub month: Month,
    /// Segments of the account in that month before the message.
    pub counted_before: u64,
    /// The price of the whole message.
    pub price: Amount,
    /// The balance of the wallet.
    pub balance: Total,
    /// Segments that bundles would cover.
    pub covered: u32,
    /// The amount that would be taken, or the reason for a refusal.
    pub posting: Result<Amount, Refusal>,
    /// The levels above, from the account's parent up.
    pub above: Vec<ExplainedLevel>,
    /// Their sales, each to the one below it, from the parent's up.
    pub sales: Vec<Sale>,
}

/// A level above the account that would send, as it would pay or earn.
#[derive(Clone, Debug)]
pub struct ExplainedLevel {
    /// The account of the level.
    pub account: Arc<str>,
    /// The currency of its amounts.
    pub currency: Currency,
    /// The number of segments that it would pay for.
    pub segments: u8,
    /// The price of a segment before its tier.
    pub unit_price: Amount,
    /// The source of that price.
    pub price_source: String,
    /// Everything that it would pay with or earn; `None` where the message would be refused.
    pub postings: Option<LevelPostings>,
}

impl ExplainedLevel {
    fn of(level: &LevelQuote<'_>) -> Self {
        let LevelQuote { terms, rated, price_source, postings } = level;
        Self {
            account: Arc::clone(&terms.account.id),
            currency: terms.account.currency,
            segments: rated.segments,
            unit_price: rated.unit.price,
            price_source: wording::price_source(price_source.as_ref()),
            postings: postings.clone(),
        }
    }
}

impl Explained {
    /// Explains a quote that was made for a wallet in this state. Refused if the price cannot be held.
    pub fn of(quote: &Quote<'_>, tables: &Tables, state: &WalletState) -> Result<Self, Refusal> {
        let (account, rated) = (&quote.terms.account, &quote.rated);
        let network = tables.networks.get(rated.network);
        let of_network = || tables.networks.country_of(rated.network);
        let country = tables.networks.country_of_number(&rated.number).or_else(of_network);
        let (lines, price) =
            priced(&quote.terms.plan.plan, &quote.lines).ok_or(Refusal::InsufficientFunds)?;
        Ok(Self {
            account: Arc::clone(&account.id),
            plan: Arc::clone(&account.plan),
            currency: account.currency,
            tariff_version: Arc::clone(&quote.tariff_version),
            number: rated.number.to_string(),
            network: network.code,
            operator: network.operator.to_string(),
            country: country.map(|country| (country.iso2.to_string(), country.name.to_string())),
            found_by: wording::found_by(rated.network_source, &rated.number),
            segments: rated.segments,
            counted: quote.postings.as_ref().map_or(u32::from(rated.segments), |own| own.posting.segments),
            count: quote.segments,
            unit_price: rated.unit.price,
            price_source: wording::price_source(quote.price_source.as_ref()),
            lines,
            month: rated.month,
            counted_before: state.counted(rated.month),
            price,
            balance: state.balance,
            covered: quote.postings.as_ref().map_or(0, |own| own.covered),
            posting: quote
                .postings
                .as_ref()
                .map(|own| own.posting.amount)
                .map_err(|refused| refused.for_sender()),
            above: quote.above.iter().map(ExplainedLevel::of).collect(),
            sales: sales(quote),
        })
    }

    /// Segments of the account in the month with the message.
    pub fn counted_after(&self) -> u64 {
        self.counted_before.saturating_add(u64::from(self.counted))
    }

    /// The balance after a debit of this amount, which the wallet covers.
    pub fn balance_after(&self, amount: Amount) -> Total {
        self.balance.minus(amount)
    }
}

fn sales(quote: &Quote<'_>) -> Vec<Sale> {
    let own = (quote.terms, &quote.rated, quote.price_source.as_ref());
    let above = || quote.above.iter().map(|level| (level.terms, &level.rated, level.price_source.as_ref()));
    let sale = |((buyer, rated, source), (seller, pays, _)): ((&_, &Rated, Option<&_>), (&_, &Rated, _))| {
        let pays = pays.has_rate.then_some(pays.unit.price);
        source.filter(|_| rated.has_rate).map(|source| Sale::of((seller, pays), buyer, (rated.unit, source)))
    };
    std::iter::once(own).chain(above()).zip(above()).filter_map(sale).collect()
}
