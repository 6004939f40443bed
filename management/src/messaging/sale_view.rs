//! Sales of levels as explanations and quotes show them.

use tollgate_api::explained_prices::{ExplainedRate, ExplainedSale};
use tollgate_api::money::{CurrencyCode, Money};

use crate::resale::price_list_record::shown_mark_up;
use crate::tariff_files::{self, Sale};

/// A sale as the API shows it.
pub fn sale_view(sale: &Sale) -> ExplainedSale {
    let applied = sale.mark_up.as_ref();
    ExplainedSale {
        level: sale.level.to_string(),
        buyer: sale.buyer.to_string(),
        currency: CurrencyCode(sale.currency),
        rate: rate_view(&sale.rate),
        mark_up: applied.map(|applied| shown_mark_up(&applied.mark_up)),
        marked_up: applied.map(|applied| Money(applied.on)),
        marked_up_currency: applied.map(|applied| CurrencyCode(applied.on_currency)),
    }
}

/// The price of a segment as the API shows it.
pub fn rate_view(rate: &tariff_files::ExplainedRate) -> ExplainedRate {
    ExplainedRate {
        price: Money(rate.price),
        kind: rate.kind.to_owned(),
        network: rate.network.map(|network| network.to_string()),
        file: rate.origin.as_ref().map(|origin| origin.file.to_string()),
        line: rate.origin.as_ref().map(|origin| origin.line),
        source: rate.source.clone(),
    }
}
