//! Rates: prices by network, from CSV files and from accounts; and costs of operators, which are written the
//! same way.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::tariff::{Plan, RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use crate::catalogue::{Known, code_of_row};
use crate::plans::PlanNames;
use crate::rate_list::{RateError, RateList, check_rate};
use crate::read::texts;
use crate::read::values::{date_or_time, decimal, text};
use crate::read::{Columns, Problems, Row, SourceFile, TableReader, read_sheet};

/// A kind of file in which each row is for a network and a time.
#[derive(Clone, Copy)]
struct Sheet {
    columns: Columns,
    /// The column that holds the price of a segment.
    price: &'static str,
    /// The noun for a row in messages.
    noun: &'static str,
}

const OPTIONAL: &[&str] = &["effective_from", "effective_to", "note"];

/// Columns of a file of plans' rates.
pub(crate) const PLAN_RATE_COLUMNS: Columns =
    Columns { required: &["plan", "mcc", "mnc", "price"], optional: OPTIONAL };

const PLAN_RATES: Sheet = Sheet { columns: PLAN_RATE_COLUMNS, price: "price", noun: "rate" };

/// Columns of a file of one account's rates.
pub(crate) const ACCOUNT_RATE_COLUMNS: Columns =
    Columns { required: &["mcc", "mnc", "price"], optional: OPTIONAL };

const ACCOUNT_RATES: Sheet = Sheet { columns: ACCOUNT_RATE_COLUMNS, price: "price", noun: "rate" };

/// Columns of a file of one operator's costs.
pub(crate) const COST_COLUMNS: Columns = Columns { required: &["mcc", "mnc", "cost"], optional: OPTIONAL };

const COSTS: Sheet = Sheet { columns: COST_COLUMNS, price: "cost", noun: "cost" };

/// In the column `plan`: every plan that has no row of its own in force for the network.
pub const EVERY_PLAN: &str = "*";

/// The rates of all plans.
#[derive(Debug, Default)]
pub struct RateBook {
    every_plan: RateList,
    by_plan: BTreeMap<Arc<str>, RateList>,
}

/// Reads the CSV file of an account's own rates.
pub fn read_rate_file(source: &SourceFile, known: &Known, problems: &mut Problems) -> RateList {
    read_list(source, ACCOUNT_RATES, known, problems)
}

/// Reads the CSV file of an operator's costs.
pub fn read_cost_file(source: &SourceFile, known: &Known, problems: &mut Problems) -> RateList {
    read_list(source, COSTS, known, problems)
}

fn read_list(source: &SourceFile, sheet: Sheet, known: &Known, problems: &mut Problems) -> RateList {
    let mut list = RateList::default();
    read_sheet(source, sheet.columns, problems, |row| {
        let rate = rate_of_row(source, row, sheet, known)?;
        add_row(&mut list, rate, row, sheet)
    });
    list
}

/// Reads one row of an account's own rates in TOML.
pub fn read_rate_table(list: &mut RateList, table: &mut TableReader, known: &Known) -> Option<()> {
    let mcc = table.required("mcc", text(|text| Ok(text.to_owned())));
    let mnc = table.or("mnc", String::new(), text(|text| Ok(text.to_owned())));
    let price = table.required("price", decimal(texts::price));
    let from = table.optional("effective_from", date_or_time);
    let effective_to = table.optional("effective_to", date_or_time);
    table.optional("note", text(|_| Ok(())));
    let effective_from = if table.has("effective_from") { from? } else { UnixMicros::default() };
    let (mcc, price) = (mcc?, price?);
    let origin = RowOrigin { file: Arc::clone(table.document().name()), line: table.line() };
    let network = known.network(&mcc, &mnc).map_err(|(key, message)| table.problem(key, message)).ok()?;
    let row = RateRow { network, price, effective_from, effective_to, origin };
    let added = check_rate(&row).and_then(|()| list.add(row));
    let sheet = ACCOUNT_RATES;
    added.map_err(|error| table.problem(error.key(sheet.price), words(&error, sheet.noun))).ok()
}

fn add_row(list: &mut RateList, rate: RateRow, row: &mut Row, sheet: Sheet) -> Option<()> {
    let added = list.add(rate);
    added.map_err(|error| row.problem(error.key(sheet.price), words(&error, sheet.noun))).ok()
}

/// A mistake in words that follow the place and the key.
fn words(error: &RateError, noun: &str) -> String {
    match error {
        RateError::Repeated { network, earlier: RowOrigin { file, line } } => {
            format!("{network} has a {noun} from this time on already, in {file}:{line}")
        }
        other => other.to_string(),
    }
}

impl RateBook {
    /// Reads one file of plans' rates.
    pub fn read_file(
        &mut self,
        source: &SourceFile,
        plans: &PlanNames,
        known: &Known,
        problems: &mut Problems,
    ) {
        read_sheet(source, PLAN_RATES.columns, problems, |row| {
            let plan = row.required("plan", |name| match name {
                EVERY_PLAN => plans.all_in_one_currency().map(|()| None),
                name => plans.resolve(name).map(Some),
            });
            let rate = rate_of_row(source, row, PLAN_RATES, known);
            let list = match plan? {
                Some(plan) => self.by_plan.entry(plan).or_default(),
                None => &mut self.every_plan,
            };
            add_row(list, rate?, row, PLAN_RATES)
        });
    }

    /// Gives a plan the rates of its own, and those of every plan.
    pub fn fill(&self, plan: &mut Plan) {
        plan.rates = self.by_plan.get(&plan.name).map_or_else(Vec::new, |list| list.rows().to_vec());
        plan.common_rates = self.every_plan.rows().to_vec();
    }
}

fn rate_of_row(source: &SourceFile, row: &mut Row, sheet: Sheet, known: &Known) -> Option<RateRow> {
    let network = code_of_row(row, |mcc, mnc| known.network(mcc, mnc));
    let price = row.required(sheet.price, texts::price);
    let has_from = !row.text("effective_from").is_empty();
    let instant = if source.is_archived { texts::archived_instant } else { texts::instant };
    let from = row.optional("effective_from", instant);
    let effective_to = row.optional("effective_to", instant);
    let effective_from = if has_from { from? } else { UnixMicros::default() };
    let origin = RowOrigin { file: Arc::clone(&source.name), line: row.line() };
    let rate = RateRow { network: network?, price: price?, effective_from, effective_to, origin };
    let checked = check_rate(&rate);
    checked.map_err(|error| row.problem(error.key(sheet.price), words(&error, sheet.noun))).ok()?;
    Some(rate)
}
