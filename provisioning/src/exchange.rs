//! Exchange rates from a CSV file, and whether there is one wherever the cost of an operator has to be
//! compared with the price of an account.

use std::collections::HashMap;
use std::path::Path;

use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorStatus;
use tollgate_engine::time::UnixMicros;

use crate::operators_reader::Operators;
use crate::read::texts;
use crate::read::texts::{Parsed, quoted};
use crate::read::{Columns, Problems, Row, SourceFile, read_sheet};
use crate::routing::RoutingSettings;
use crate::settings_reader::OperatorSources;

const EXCHANGE_RATES: Columns =
    Columns { required: &["base", "quote", "rate"], optional: &["effective_from", "note"] };

/// The exchange rates of the file.
#[derive(Debug, Default)]
pub struct Exchange {
    /// In the order of the file.
    pub rows: Vec<ExchangeRow>,
    /// True if something is wrong with the file. Then a pair may be absent only because it was not
    /// understood.
    pub is_incomplete: bool,
}

/// A rate as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenExchangeRate {
    /// The pair with its rate and time.
    pub row: ExchangeRow,
    /// For people; empty for none.
    pub note: String,
    /// The line of the row, from one.
    pub line: u32,
}

impl Exchange {
    /// Reads the file, if one is named.
    pub fn read(files: &OperatorSources, problems: &mut Problems) -> Self {
        match &files.exchange_rates {
            Some(source) => Self::read_file(source, problems),
            None => Self { rows: Vec::new(), is_incomplete: files.names_exchange_rates },
        }
    }

    /// Reads a file.
    pub fn read_file(source: &SourceFile, problems: &mut Problems) -> Self {
        let mut rows = Vec::new();
        let understood = read_rows(source, problems, |written| rows.push(written.row));
        Self { rows, is_incomplete: !understood }
    }
}

/// Reads a file of exchange rates by itself. `name` is the file's name as configured, `path` what problems call it.
pub fn read_written_exchange_rates(
    name: &str,
    path: &Path,
    bytes: &[u8],
) -> Result<Vec<WrittenExchangeRate>, Problems> {
    let mut problems = Problems::default();
    let mut rates = Vec::new();
    match SourceFile::new(name, path, bytes.to_vec()) {
        Ok(source) => {
            read_rows(&source, &mut problems, |written| rates.push(written));
        }
        Err(message) => problems.add(&path.to_string_lossy().into(), 0, "", message),
    }
    if problems.is_empty() { Ok(rates) } else { Err(problems) }
}

/// Reads the rows of a file; false if one of them was not understood.
fn read_rows(
    source: &SourceFile,
    problems: &mut Problems,
    mut take: impl FnMut(WrittenExchangeRate),
) -> bool {
    let mut lines = HashMap::new();
    read_sheet(source, EXCHANGE_RATES, problems, |row| {
        let read = read_row(row, source.is_archived)?;
        let place = (read.base, read.quote, read.effective_from);
        if let Some(first) = lines.insert(place, row.line()) {
            let message =
                format!("{}/{} has a rate from this time on already, in line {first}", read.base, read.quote);
            row.problem("effective_from", message);
            return None;
        }
        take(WrittenExchangeRate { row: read, note: row.text("note").to_owned(), line: row.line() });
        Some(())
    })
}

/// Reads a row; one of an archived tariff by the rules of its time.
fn read_row(row: &mut Row, is_archived: bool) -> Option<ExchangeRow> {
    let currency = if is_archived { texts::currency_code } else { texts::currency };
    let instant = if is_archived { texts::archived_instant } else { texts::instant };
    let base = row.required("base", currency);
    let quote = row.required("quote", currency);
    let rate = row.required("rate", positive);
    let has_from = !row.text("effective_from").is_empty();
    let from = row.optional("effective_from", instant);
    let effective_from = if has_from { from? } else { UnixMicros::default() };
    let (base, quote) = (base?, quote?);
    if base == quote {
        row.problem("quote", format!("is {quote} as the base is: one {base} is always one {base}"));
        return None;
    }
    Some(ExchangeRow { base, quote, rate: rate?, effective_from })
}

/// The worth of one unit of a currency in another, above zero.
fn positive(text: &str) -> Parsed<Amount> {
    let rate = texts::price(text)?;
    if rate > Amount::ZERO { Ok(rate) } else { Err(format!("{} is not above zero", quoted(text))) }
}

/// Notes the operators whose costs routing compares with prices, but that take another currency than an
/// account pays in and have no exchange rate for it.
pub fn check_conversions(
    files: &OperatorSources,
    operators: &Operators,
    routing: &RoutingSettings,
    exchange: &Exchange,
    account_currencies: &[Currency],
    problems: &mut Problems,
) {
    let why = routing.why_costs_count().filter(|_| !exchange.is_incomplete);
    let (Some(file), Some(why)) = (&files.operators, why) else {
        return;
    };
    let rates = ExchangeRates::build(exchange.rows.clone());
    for (provisioned, line) in operators.provisioned.iter().zip(&operators.currency_lines) {
        if provisioned.operator.status == OperatorStatus::Disabled {
            continue;
        }
        let of_operator = provisioned.operator.currency;
        for of_account in account_currencies {
            if !rates.covers(of_operator, *of_account) {
                let message = format!(
                    "there is no exchange rate between {of_operator} and {of_account}, which accounts pay in; {why} needs one"
                );
                problems.add(&file.path, *line, "operator.currency", message);
            }
        }
    }
}
