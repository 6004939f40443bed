//! The lines of an invoice: one for each network and unit price, rounded one by one, and what rounding has moved.

use tollgate_api::answer::Answer;
use tollgate_api::invoices::{InvoiceLine, LineCategory, LineDetails};
use tollgate_api::money::Money;
use tollgate_billing::invoice::lines::{Counted, round_lines};
use tollgate_engine::money::{Currency, divide_half_even};

use super::gathered::{Gathered, LineKey, Sum, money};
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::Snapshot;

/// The lines of an invoice and their sums.
#[derive(Debug)]
pub struct Lines {
    pub shown: Vec<InvoiceLine>,
    /// The sum of the lines.
    pub total: Money,
    /// The sum of the ledger, to the millionth.
    pub exact: Money,
}

impl Lines {
    /// The same with the other sign.
    pub fn negated(mut self) -> Self {
        let negated = |money: Money| Money(money.0.negated());
        for line in &mut self.shown {
            (line.unit_price, line.total) = (negated(line.unit_price), negated(line.total));
        }
        Self { total: negated(self.total), exact: negated(self.exact), ..self }
    }
}

/// The parts of one line.
struct Unrounded {
    key: Option<LineKey>,
    is_refund: bool,
    sum: Sum,
    unit_price: i128,
}

/// The lines of what was gathered.
pub fn of(snapshot: &Snapshot, currency: Currency, gathered: &Gathered) -> Answer<Lines> {
    let charged = gathered.charged.iter().map(|(key, sum)| unrounded(Some(*key), *sum, false));
    let refunded = gathered.refunded.iter().map(|(key, sum)| unrounded(*key, *sum, true));
    let all: Vec<Unrounded> = charged.chain(refunded).collect();
    let exact: i128 =
        all.iter().map(|line| if line.is_refund { -line.sum.micros } else { line.sum.micros }).sum();
    let counted: Vec<Counted> = all.iter().map(counted).collect();
    let rounded = round_lines(&counted, exact, decimals(currency));
    let mut lines = Vec::with_capacity(all.len() + 1);
    for (line, total) in all.iter().zip(&rounded.totals) {
        lines.push(shown(snapshot, line, *total)?);
    }
    if rounded.rounding != 0 {
        lines.push(rounding(money(rounded.rounding)?));
    }
    Ok(Lines { shown: lines, total: money(rounded.net)?, exact: money(exact)? })
}

fn unrounded(key: Option<LineKey>, sum: Sum, is_refund: bool) -> Unrounded {
    let mean = divide_half_even(sum.micros, i128::from(sum.segments.max(1)));
    let unit_price = key.map_or(mean, |key| key.unit_price);
    Unrounded { key, is_refund, sum, unit_price }
}

fn counted(line: &Unrounded) -> Counted {
    let quantity = i128::from(line.sum.segments);
    Counted { quantity: if line.is_refund { -quantity } else { quantity }, unit_price: line.unit_price }
}

fn shown(snapshot: &Snapshot, line: &Unrounded, total: i128) -> Answer<InvoiceLine> {
    let Unrounded { key, is_refund, sum, unit_price } = line;
    let networks = &snapshot.tables.networks;
    let place = key.map(|key| key.place);
    let code = place.map(|(code, _)| code);
    let id = code.and_then(|code| networks.id(code));
    let country = place.and_then(|(_, country)| country).map(|country| networks.country(country));
    let network = id.map(|id| networks.get(id).operator.to_string()).filter(|name| !name.is_empty());
    let names = [network.as_deref(), country.map(|country| &*country.name)];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let is_resale = key.is_some_and(|key| key.is_resale);
    let what = match (*is_refund, is_resale) {
        (false, false) => "SMS",
        (true, false) => "Refund of SMS",
        (false, true) => "SMS of accounts below",
        (true, true) => "Refund of SMS of accounts below",
    };
    let description = match code {
        Some(code) if names.is_empty() => format!("{what} to {code}"),
        Some(code) => format!("{what} to {} ({code})", names.join(", ")),
        None => what.to_owned(),
    };
    Ok(InvoiceLine {
        description,
        quantity: sum.segments,
        unit_price: money(if *is_refund { -*unit_price } else { *unit_price })?,
        total: money(total)?,
        category: LineCategory::Sms,
        details: LineDetails {
            messages: sum.messages,
            is_refund: *is_refund,
            is_resale,
            mcc: code.map(|code| format!("{:03}", code.mcc)),
            mnc: code.and_then(|code| code.mnc).map(|mnc| mnc.to_string()),
            network,
            country_code: country.map(|country| country.iso2.to_string()),
        },
    })
}

fn rounding(total: Money) -> InvoiceLine {
    let nothing = LineDetails {
        messages: 0,
        is_refund: false,
        is_resale: false,
        mcc: None,
        mnc: None,
        network: None,
        country_code: None,
    };
    let description = "Rounding of the lines".to_owned();
    InvoiceLine {
        description,
        quantity: 1,
        unit_price: total,
        total,
        category: LineCategory::Rounding,
        details: nothing,
    }
}
