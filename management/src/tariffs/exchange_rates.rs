//! Exchange rates: shown as they are in force, and edited in their file.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{json, to_value};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::exchange_rates::{
    ExchangeRate, ExchangeRatePlaceQuery, ExchangeRateRow, ExchangeRateRows, ExchangeRatesQuery,
    ExchangeRatesService,
};
use tollgate_api::extract::IfMatch;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::tariffs::TariffChange;
use tollgate_api::time::Time;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{Loaded, WrittenExchangeRate, texts};
use tollgate_storage::clock::now;

use super::edits::{Note, TariffEdits, of_tariff, problem_of_edit};
use crate::context::Context;
use crate::tariff_files::{
    ExchangeInput, ExchangePlace, exchange_file, list_exchange, put_exchange, remove_exchange,
};

/// Rows in one change.
const ROWS_MAX: usize = 1_000;
/// Octets of a note, and of a reason.
const NOTE_OCTETS_MAX: usize = 200;
/// The resource in the audit log.
const RESOURCE: &str = "exchange-rates";

/// The exchange rates of the tariff.
#[derive(Debug)]
pub struct TariffExchangeRates {
    context: Arc<Context>,
    edits: Arc<TariffEdits>,
}

impl TariffExchangeRates {
    /// The rates in force in `context`, changed by `edits`.
    pub fn new(context: Arc<Context>, edits: Arc<TariffEdits>) -> Self {
        Self { context, edits }
    }
}

impl ExchangeRatesService for TariffExchangeRates {
    fn exchange_rates(&self, query: &ExchangeRatesQuery) -> Answer<Versioned<Page<ExchangeRate>>> {
        let paging = query.paging()?;
        let rates = listed(&self.context.core.configuration.files(), now())?;
        let is_wanted = |rate: &ExchangeRate| {
            let is = |wanted: Option<CurrencyCode>, currencies: &[CurrencyCode]| {
                wanted.is_none_or(|wanted| currencies.contains(&wanted))
            };
            is(query.currency, &[rate.base, rate.quote])
                && is(query.base, &[rate.base])
                && is(query.quote, &[rate.quote])
        };
        let rates = match query.at {
            Some(at) => listed(&self.context.core.configuration.files(), at.0)?
                .into_iter()
                .zip(rates)
                .filter(|(then, _)| then.is_in_force)
                .map(|(_, now)| now)
                .collect(),
            None => rates,
        };
        let keyed = rates.into_iter().filter(is_wanted).map(|rate| (key_of(&rate), rate)).collect();
        Ok(of_tariff(&self.context, paging.sorted(keyed, false)))
    }

    fn put_exchange_rates(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        rows: ExchangeRateRows,
    ) -> Answer<Versioned<TariffChange>> {
        if !(1..=ROWS_MAX).contains(&rows.rows.len()) {
            return Err(Problem::field("rows", format!("must have from 1 to {ROWS_MAX} rows")));
        }
        check_line("reason", rows.reason.as_deref())?;
        let mut places = HashSet::new();
        let mut inputs = Vec::with_capacity(rows.rows.len());
        for (row, at) in rows.rows.iter().zip(0..) {
            let input = input_of(row, at)?;
            if !places.insert(input.place) {
                let message = "is that of another row of the same pair";
                return Err(Problem::field(&format!("rows.{at}.effective_from"), message));
            }
            inputs.push(input);
        }
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let mut before = listed(&current, now())?;
        before.retain(|rate| places.contains(&place_of(rate)));
        let change = put_exchange(edit.config(), &current, &inputs);
        let change = change.map_err(|error| problem_of_edit(&error))?;
        let note = Note {
            action: "exchange_rates.put",
            resource: RESOURCE.to_owned(),
            before: to_value(&before).unwrap_or_default(),
            after: to_value(&rows).unwrap_or_default(),
        };
        let made = edit.put_in_force(caller, &current, &change, note)?;
        Ok(of_tariff(&self.context, made))
    }

    fn remove_exchange_rate(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        query: ExchangeRatePlaceQuery,
    ) -> Answer<Versioned<TariffChange>> {
        check_line("reason", query.reason.as_deref())?;
        let effective_from = query.effective_from.map_or(UnixMicros::default(), |at| at.0);
        let place = ExchangePlace { base: query.base.0, quote: query.quote.0, effective_from };
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let mut before = listed(&current, now())?;
        before.retain(|rate| place_of(rate) == place);
        let change = remove_exchange(edit.config(), &current, place);
        let change = change.map_err(|error| problem_of_edit(&error))?;
        let note = Note {
            action: "exchange_rates.remove",
            resource: RESOURCE.to_owned(),
            before: to_value(&before).unwrap_or_default(),
            after: json!({ "reason": query.reason }),
        };
        let made = edit.put_in_force(caller, &current, &change, note)?;
        Ok(of_tariff(&self.context, made))
    }
}

/// The rates of the file, with which of them hold at `at`.
fn listed(loaded: &Loaded, at: UnixMicros) -> Answer<Vec<ExchangeRate>> {
    let rates = list_exchange(loaded).map_err(|error| problem_of_edit(&error))?;
    let file = exchange_file(loaded).unwrap_or_default();
    let begun = |rate: &&WrittenExchangeRate| rate.row.effective_from <= at;
    let holds = |rate: &WrittenExchangeRate| {
        let pair = |rate: &WrittenExchangeRate| (rate.row.base, rate.row.quote);
        let of_pair = rates.iter().filter(|other| pair(other) == pair(rate)).filter(begun);
        of_pair.max_by_key(|other| other.row.effective_from).is_some_and(|latest| latest == rate)
    };
    let view = |rate: &WrittenExchangeRate| ExchangeRate {
        base: CurrencyCode(rate.row.base),
        quote: CurrencyCode(rate.row.quote),
        rate: Money(rate.row.rate),
        effective_from: (rate.row.effective_from != UnixMicros::default())
            .then_some(Time(rate.row.effective_from)),
        is_in_force: holds(rate),
        note: rate.note.clone(),
        file: file.to_owned(),
        line: rate.line,
    };
    Ok(rates.iter().map(view).collect())
}

fn place_of(rate: &ExchangeRate) -> ExchangePlace {
    let effective_from = rate.effective_from.map_or(UnixMicros::default(), |from| from.0);
    ExchangePlace { base: rate.base.0, quote: rate.quote.0, effective_from }
}

/// The key that pages continue at: by pair, the latest first.
fn key_of(rate: &ExchangeRate) -> String {
    let before_the_end = u64::MAX - place_of(rate).effective_from.0;
    format!("{}/{}\n{before_the_end:020}", rate.base.0, rate.quote.0)
}

/// The row to be written. What the reader of the file would refuse is refused here by the name of its field.
fn input_of(row: &ExchangeRateRow, at: usize) -> Answer<ExchangeInput> {
    let field = |name: &str| format!("rows.{at}.{name}");
    let listed = |name: &str, currency: Currency| {
        texts::currency(currency.as_str()).map_err(|message| Problem::field(&field(name), message))
    };
    let (base, quote) = (listed("base", row.base.0)?, listed("quote", row.quote.0)?);
    if base == quote {
        let message = format!("is {quote} as the base is: one {base} is always one {base}");
        return Err(Problem::field(&field("quote"), message));
    }
    if row.rate.0 <= Amount::ZERO {
        return Err(Problem::field(&field("rate"), "is not above zero"));
    }
    check_line(&field("note"), row.note.as_deref())?;
    let effective_from = row.effective_from.map_or(UnixMicros::default(), |at| at.0);
    let place = ExchangePlace { base, quote, effective_from };
    Ok(ExchangeInput { place, rate: row.rate.0, note: row.note.clone() })
}

/// Refuses a text that would break a line of the file.
fn check_line(field: &str, text: Option<&str>) -> Answer<()> {
    let is_line = |text: &str| text.len() <= NOTE_OCTETS_MAX && !text.contains(char::is_control);
    if text.is_none_or(is_line) {
        return Ok(());
    }
    Err(Problem::field(field, format!("is not one line of at most {NOTE_OCTETS_MAX} octets")))
}
