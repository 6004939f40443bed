//! The sale of a message by a level of a chain to the one below it: the rate or the mark-up that applied.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkId;
use tollgate_engine::price_list::MarkUp;
use tollgate_engine::tables::{PriceSource, Terms};
use tollgate_engine::tariff::UnitPrice;

use super::explained_rate::ExplainedRate;
use super::wording;
use crate::archived_chain::{ArchivedChain, ChargedMessage};

/// A level's own sale of a message to the level right below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The account whose sale it is.
    pub level: Arc<str>,
    /// The account right below it.
    pub buyer: Arc<str>,
    /// Of the price.
    pub currency: Currency,
    /// The price of a segment for the buyer before its tier, and its source.
    pub rate: ExplainedRate,
    /// The mark-up that applied, where one did.
    pub mark_up: Option<AppliedMarkUp>,
}

/// A mark-up with the price that it was put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedMarkUp {
    /// The mark-up as the price list has it.
    pub mark_up: MarkUp,
    /// The price that the level itself pays for a segment before its tier.
    pub on: Amount,
    /// Of that price.
    pub on_currency: Currency,
}

impl Sale {
    /// A sale to a buyer at a price of this source. The level itself pays so much for a segment, where it has a rate.
    pub fn of(
        (level, pays): (&Terms, Option<Amount>),
        buyer: &Terms,
        (unit, source): (UnitPrice, &PriceSource<'_>),
    ) -> Self {
        let mark_up = match (source, pays) {
            (PriceSource::MarkUp(mark_up), Some(on)) => {
                let on_currency = level.account.currency;
                Some(AppliedMarkUp { mark_up: (*mark_up).clone(), on, on_currency })
            }
            _ => None,
        };
        let mut rate = ExplainedRate::of(unit, source);
        if let Some(applied) = &mark_up {
            rate.source = wording::applied_mark_up(&applied.mark_up, (applied.on, applied.on_currency));
        }
        let (level, currency) = (Arc::clone(&level.account.id), buyer.account.currency);
        Self { level, buyer: Arc::clone(&buyer.account.id), currency, rate, mark_up }
    }

    /// The sales of all levels above an account by an archived version, each to the one below it, from the parent's up.
    pub fn all_of(chain: &ArchivedChain<'_>, message: &ChargedMessage<'_>, network: NetworkId) -> Vec<Self> {
        let mut sales = Vec::new();
        let mut buyer = (chain.own, Some(network), chain.unit_price(message, network));
        let units = chain.units_above(message);
        for ((seller, charged), pays) in chain.above.iter().copied().zip(message.above).zip(units) {
            if let (buyer, Some(network), Some(unit)) = buyer {
                let destination = || chain.tables.destination(message.number, network);
                let bought = pays.map(|_| &destination as &dyn Fn() -> _);
                let source = buyer.price_source(network, bought, message.submitted_at);
                let pays = pays.map(|pays| pays.price);
                sales.extend(source.map(|source| Self::of((seller, pays), buyer, (unit, &source))));
            }
            buyer = (seller, chain.tables.networks.id(charged.network), pays);
        }
        sales
    }

    /// One line for people.
    pub fn text(&self) -> String {
        let Self { level, buyer, currency, rate, .. } = self;
        format!("{level} to {buyer}: {} {currency} per segment: {}", rate.price, rate.source)
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let mark_up = self.mark_up.as_ref().map(|applied| {
            json!({
                "percent": applied.mark_up.share.percent().to_string(),
                "per_segment": applied.mark_up.per_segment.to_string(),
                "scope": wording::scope(&applied.mark_up.scope),
                "on": applied.on.to_string(),
                "on_currency": applied.on_currency.as_str(),
            })
        });
        json!({
            "level": *self.level,
            "buyer": *self.buyer,
            "currency": self.currency.as_str(),
            "price": self.rate.price.to_string(),
            "kind": self.rate.kind,
            "source": self.rate.source,
            "mark_up": mark_up,
        })
    }
}
