//! A quote of the API: by the configuration in force at this moment, on a copy of the wallet.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::charges::{
    Network, NewQuote, Quote, QuotedCandidate, QuotedCost, QuotedLine, QuotedPosting, QuotedRate,
    QuotedRoute, QuotedSegments, QuotedVolume,
};
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::problem::Problem;
use tollgate_engine::account::network_from_tlv;
use tollgate_engine::charging::{Message, Payer};
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::quote::quote as quote_message;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::reselling::Earning;
use tollgate_engine::wallet::Wallet;
use tollgate_storage::clock::present;

use super::content::{Content, ContentFields};
use super::fields::{ADDRESS_OCTETS_MAX, octets};
use crate::messaging::sale_view::sale_view;
use crate::quotes::route::{Ranked, Ranking, Route};
use crate::quotes::{Explained, ExplainedLevel};
use crate::tariff_files::PricedLine;
use tollgate_exports::sides::{Level, Sides, Viewer};
use tollgate_relay::clients::destination;
use tollgate_relay::core::Core;
use tollgate_relay::snapshot::ActiveAccount;

/// The most segments that a query may claim for the month: far more than any account has.
const COUNTED_MAX: u64 = 1_000_000_000_000;
/// Octets of the name of a network.
const NETWORK_OCTETS_MAX: usize = 16;
/// A note for readers of the ranking.
const CONDITIONS: &str =
    "by the state of operators at this moment; draws by weight differ from message to message";

/// The price of a message of the account, with its explanation, as its viewer is told of them.
pub fn quote(core: &Core, viewer: &Viewer, new: &NewQuote) -> Answer<Quote> {
    // The account's terms and the tables are of one configuration.
    let snapshot = core.snapshot.load();
    let account =
        snapshot.by_account(&new.account).ok_or_else(|| Problem::refused(Refusal::UnknownAccount))?;
    octets("to", &new.to, 1..=ADDRESS_OCTETS_MAX)?;
    octets("from", &new.from, 0..=ADDRESS_OCTETS_MAX)?;
    let network = new.network.as_deref();
    octets("network", network.unwrap_or_default(), 0..=NETWORK_OCTETS_MAX)?;
    if network.is_some_and(|network| network_from_tlv(network.as_bytes()).is_none()) {
        return Err(Problem::field("network", "must be MCC and MNC, such as 63902 or 639/02"));
    }
    let content = Content::read(&content_fields(new), account.provisioned.account.default_coding)?;
    let (terms, at) = (&account.terms, new.at.map_or_else(present, |at| at.0.into()));
    let now = at.now;
    let to = destination(&new.to);
    let message = Message {
        source: new.from.as_bytes(),
        destination: to.digits,
        destination_ton: to.ton,
        destination_npi: to.npi,
        network_tlv: network.map(str::as_bytes),
        body: content.body(),
    };
    let mut state = account.runtime.wallet.state();
    if let Some(counted) = new.counted {
        if counted > COUNTED_MAX {
            return Err(Problem::field("counted", format!("must be at most {COUNTED_MAX}")));
        }
        let month = terms.plan.months.month_at(now);
        state.set_counted(month, counted);
    }
    let runtime = &account.runtime;
    let wallet = Wallet::with_pockets(runtime.wallet.number(), state, runtime.wallet.pockets());
    let above = snapshot.levels_above(&account);
    let levels: Vec<_> = above.iter().map(|level| level.level()).collect();
    let payer = Payer { terms, throttle: &runtime.throttle, wallet: &wallet, above: &levels };
    let quoted = quote_message(&snapshot.tables, &payer, &message, at)
        .map_err(|refused| Problem::refused(refused.for_sender()))?;
    let explained = Explained::of(&quoted, &snapshot.tables, &state).map_err(Problem::refused)?;
    let route = new.route.then(|| {
        let price = explained.price;
        let routes = (&snapshot.routes, snapshot.delivers_by_default);
        route_view(&Route::find(routes, &*snapshot.operator_queues, &quoted, price, &message, now))
    });
    let sides = sides(viewer, &account, &above);
    let told = view(explained.clone(), sides.shows(wallet.number()));
    let number = |id: &str| {
        let level = above.iter().find(|level| *level.terms.account.id == *id)?;
        Some((level.runtime.wallet.number(), level.runtime.wallet.state().balance))
    };
    let shown = explained.above.iter().filter_map(|level| {
        let (number, balance) = number(&level.account)?;
        sides.shows(number).then(|| posting_above(level, balance)).flatten()
    });
    let sales = explained.sales.iter();
    let sales =
        sales.filter(|sale| number(&sale.level).is_some_and(|(level, _)| sides.shows_sales_of(level)));
    Ok(Quote {
        route,
        postings: told.postings.into_iter().chain(shown).collect(),
        sales: sales.map(sale_view).collect(),
        ..told
    })
}

/// The accounts of whose money a viewer would be told, of a message of the account.
fn sides(viewer: &Viewer, account: &ActiveAccount, above: &[Arc<ActiveAccount>]) -> Sides {
    let below = std::iter::once(account).chain(above.iter().map(AsRef::as_ref));
    let levels = above.iter().zip(below).map(|(level, below)| Level {
        account: level.runtime.wallet.number(),
        is_agent: below.terms.account.reselling.earning != Earning::Wholesale,
    });
    viewer.sides_of(account.runtime.wallet.number(), levels).unwrap_or_default()
}

/// The posting of a level above.
fn posting_above(level: &ExplainedLevel, balance: Total) -> Option<QuotedPosting> {
    let postings = level.postings.as_ref()?;
    let amount = postings.posting.amount;
    Some(QuotedPosting {
        wallet: level.account.to_string(),
        currency: CurrencyCode(level.currency),
        segments: level.segments,
        covered_by_bundles: postings.covered,
        amount: Money(amount),
        commission: Money(postings.commission),
        balance_before: MoneySum(balance),
        balance_after: MoneySum(balance.minus(amount)),
    })
}

fn content_fields(new: &NewQuote) -> ContentFields<'_> {
    ContentFields {
        text: new.text.as_deref(),
        payload: new.payload.as_deref(),
        segments: new.segments,
        data_coding: new.data_coding,
        udhi: new.udhi,
    }
}

/// A quote without the levels above, and with the price where its viewer is told it.
fn view(quote: Explained, is_told: bool) -> Quote {
    let (volume, postings) = (volume(&quote), postings(&quote));
    let rate = QuotedRate { price: Money(quote.unit_price), source: quote.price_source };
    let (country, country_name) = quote.country.unzip();
    Quote {
        account: quote.account.to_string(),
        plan: quote.plan.to_string(),
        currency: CurrencyCode(quote.currency),
        tariff_version: quote.tariff_version.to_string(),
        number: quote.number,
        network: Network {
            mcc: format!("{:03}", quote.network.mcc),
            mnc: quote.network.mnc.map(|mnc| mnc.to_string()),
            operator: quote.operator,
            country,
            country_name,
        },
        found_by: quote.found_by,
        segments: QuotedSegments {
            count: quote.segments,
            coding: quote.count.coding.to_string(),
            units: quote.count.units,
            units_per_segment: quote.count.per_segment,
        },
        rate: is_told.then_some(rate),
        sales: Vec::new(),
        lines: quote.lines.iter().filter(|_| is_told).map(line_view).collect(),
        volume: is_told.then_some(volume),
        price: is_told.then_some(Money(quote.price)),
        postings: postings.into_iter().filter(|_| is_told).collect(),
        refusal: quote.posting.err().map(|refusal| refusal.name().to_owned()),
        route: None,
    }
}

/// The segments of one tier.
pub fn line_view(priced: &PricedLine) -> QuotedLine {
    let line = &priced.line;
    QuotedLine {
        tier: line.tier.map(|tier| tier + 1),
        segments: line.segments,
        price_per_segment: Money(line.price_per_segment),
        total: Money(priced.total),
    }
}

fn volume(quote: &Explained) -> QuotedVolume {
    let (month, before, after) = (quote.month.to_string(), quote.counted_before, quote.counted_after());
    QuotedVolume { month, before, after }
}

fn postings(quote: &Explained) -> Vec<QuotedPosting> {
    let posting = |amount: Amount| QuotedPosting {
        wallet: quote.account.to_string(),
        currency: CurrencyCode(quote.currency),
        segments: quote.segments,
        covered_by_bundles: quote.covered,
        amount: Money(amount),
        commission: Money(Amount::ZERO),
        balance_before: MoneySum(quote.balance),
        balance_after: MoneySum(quote.balance_after(amount)),
    };
    quote.posting.into_iter().map(posting).collect()
}

fn route_view(route: &Route) -> QuotedRoute {
    match route {
        Route::ChargedOnly(why) => QuotedRoute {
            charged_only: Some((*why).to_owned()),
            conditions: None,
            candidates: Vec::new(),
            refusal: None,
        },
        Route::Ranked(ranked) => ranked_view(ranked),
    }
}

fn ranked_view(ranked: &Ranked) -> QuotedRoute {
    let candidate = |ranking: &Ranking| QuotedCandidate {
        rank: ranking.rank,
        operator: ranking.operator.code.to_string(),
        verdict: ranking.verdict().to_owned(),
        cost: ranking.candidate.cost.map(|cost| QuotedCost {
            amount: Money(cost.amount),
            currency: CurrencyCode(ranking.operator.currency),
            in_account_currency: cost.in_account_currency.map(Money),
        }),
        margin: ranking.margin(ranked.price).map(Money),
    };
    QuotedRoute {
        charged_only: None,
        conditions: Some(CONDITIONS.to_owned()),
        candidates: ranked.candidates.iter().map(candidate).collect(),
        refusal: ranked.refusal.map(|(refusal, _)| refusal.name().to_owned()),
    }
}
