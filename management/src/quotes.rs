//! What a message would cost and why, with names in place of numbers: one builder for `tollgate quote` and the management
//! API.

pub mod route;

use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::quote::Quote;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::SegmentCount;
use tollgate_engine::tables::Tables;
use tollgate_engine::tariff::PriceLine;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use crate::tariff_files::wording;

/// A quote, explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Who would pay.
    pub account: Arc<str>,
    /// The account's plan.
    pub plan: Arc<str>,
    /// Of every amount here.
    pub currency: Currency,
    /// The tariff version, by content hash.
    pub tariff_version: Arc<str>,
    /// The destination in international form.
    pub number: String,
    /// Its network.
    pub network: NetworkCode,
    /// The network's operator or brand; empty where only the code is known.
    pub operator: String,
    /// Code and name of its country; `None` for international networks.
    pub country: Option<(String, String)>,
    /// How the network was found.
    pub found_by: String,
    /// What would be charged for.
    pub segments: u8,
    /// How they were counted.
    pub count: SegmentCount,
    /// The price of a segment before its tier.
    pub unit_price: Amount,
    /// Where it comes from.
    pub price_source: String,
    /// The segments by tier, with the tier in words.
    pub lines: Vec<(PriceLine, String)>,
    /// The month that they would count in.
    pub month: Month,
    /// Segments of the account in that month before the message.
    pub counted_before: u64,
    /// Of the whole message.
    pub price: Amount,
    /// What the wallet has.
    pub balance: Amount,
    /// What would be taken, or why not.
    pub posting: Result<Amount, Refusal>,
}

impl Explained {
    /// Explains a quote that was made on a wallet in this state.
    pub fn of(quote: &Quote<'_>, tables: &Tables, state: &WalletState) -> Self {
        let (account, rated) = (&quote.terms.account, &quote.rated);
        let network = tables.networks.get(rated.network);
        let country = tables.networks.country_of(rated.network);
        let plan = &quote.terms.plan.plan;
        Self {
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
            count: quote.segments,
            unit_price: rated.unit.price,
            price_source: wording::price_source(quote.price_source.as_ref()),
            lines: quote.lines.iter().map(|line| (*line, wording::tier(plan, line.tier))).collect(),
            month: rated.month,
            counted_before: state.counted(rated.month),
            price: quote.lines.iter().filter_map(PriceLine::total).sum(),
            balance: state.balance,
            posting: quote.posting.map(|posting| posting.amount),
        }
    }

    /// Segments of the account in the month with the message.
    pub fn counted_after(&self) -> u64 {
        self.counted_before.saturating_add(u64::from(self.segments))
    }

    /// What the wallet would have with this taken from it.
    pub fn balance_after(&self, amount: Amount) -> Amount {
        self.balance.checked_sub(amount).unwrap_or_default()
    }
}
