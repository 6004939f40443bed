//! Rates: prices by network, from CSV files and from accounts; and costs of operators, which are written the
//! same way.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use crate::catalogue::{Known, code_of_row};
use crate::plans::PlanNames;
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

const ACCOUNT_RATES: Sheet = Sheet {
    columns: Columns { required: &["mcc", "mnc", "price"], optional: OPTIONAL },
    price: "price",
    noun: "rate",
};

const COSTS: Sheet = Sheet {
    columns: Columns { required: &["mcc", "mnc", "cost"], optional: OPTIONAL },
    price: "cost",
    noun: "cost",
};

/// In the column `plan`: every plan that has no row of its own for the network.
pub const EVERY_PLAN: &str = "*";

/// The rates of one plan, of every plan, or of one account; or the costs of one operator.
#[derive(Debug, Default)]
pub struct RateList {
    rows: Vec<RateRow>,
    places: HashMap<(NetworkCode, UnixMicros), usize>,
}

/// The rates of all plans.
#[derive(Debug, Default)]
pub struct RateBook {
    every_plan: RateList,
    by_plan: BTreeMap<Arc<str>, RateList>,
}

impl RateList {
    /// Adds a row, unless one for the same network begins at the same time: then neither would be the later
    /// one.
    fn add(&mut self, row: RateRow, noun: &str) -> Result<(), String> {
        let place = (row.network, row.effective_from);
        if let Some(earlier) = self.places.get(&place).and_then(|at| self.rows.get(*at)) {
            let RowOrigin { file, line } = &earlier.origin;
            return Err(format!("{} has a {noun} from this time on already, in {file}:{line}", row.network));
        }
        self.places.insert(place, self.rows.len());
        self.rows.push(row);
        Ok(())
    }

    /// The rows, in the order in which they were read.
    pub fn into_rows(self) -> Vec<RateRow> {
        self.rows
    }

    /// Reads an account's own CSV file.
    pub fn read_rates(source: &SourceFile, known: &Known, problems: &mut Problems) -> Self {
        Self::read_file(source, ACCOUNT_RATES, known, problems)
    }

    /// Reads an operator's CSV file.
    pub fn read_costs(source: &SourceFile, known: &Known, problems: &mut Problems) -> Self {
        Self::read_file(source, COSTS, known, problems)
    }

    fn read_file(source: &SourceFile, sheet: Sheet, known: &Known, problems: &mut Problems) -> Self {
        let mut list = Self::default();
        read_sheet(source, sheet.columns, problems, |row| {
            let rate = rate_of_row(source, row, sheet, known)?;
            list.add(rate, sheet.noun).map_err(|message| row.problem("effective_from", message)).ok()
        });
        list
    }

    /// Reads one row of an account's own rates in TOML.
    pub fn read_table(&mut self, table: &mut TableReader, known: &Known) -> Option<()> {
        let mcc = table.required("mcc", text(|text| Ok(text.to_owned())));
        let mnc = table.or("mnc", String::new(), text(|text| Ok(text.to_owned())));
        let price = table.required("price", decimal(texts::price));
        let from = table.optional("effective_from", date_or_time);
        let to = table.optional("effective_to", date_or_time);
        table.optional("note", text(|_| Ok(())));
        let from = if table.has("effective_from") { from? } else { UnixMicros::default() };
        let (mcc, price) = (mcc?, price?);
        let origin = RowOrigin { file: Arc::clone(table.document().name()), line: table.line() };
        let added = known
            .network(&mcc, &mnc)
            .and_then(|network| rate_row(network, price, from, to, origin))
            .and_then(|row| self.add(row, ACCOUNT_RATES.noun).map_err(|message| ("effective_from", message)));
        added.map_err(|(key, message)| table.problem(key, message)).ok()
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
            list.add(rate?, PLAN_RATES.noun).map_err(|message| row.problem("effective_from", message)).ok()
        });
    }

    /// The rates of a plan: its own, and those of every plan for the networks that it has none of its own
    /// for.
    pub fn rates_of(&self, plan: &str) -> Vec<RateRow> {
        let own: &[RateRow] = self.by_plan.get(plan).map_or(&[], |list| &list.rows);
        let priced: HashSet<NetworkCode> = own.iter().map(|row| row.network).collect();
        let common = self.every_plan.rows.iter().filter(|row| !priced.contains(&row.network));
        own.iter().chain(common).cloned().collect()
    }
}

fn rate_of_row(source: &SourceFile, row: &mut Row, sheet: Sheet, known: &Known) -> Option<RateRow> {
    let network = code_of_row(row, |mcc, mnc| known.network(mcc, mnc));
    let price = row.required(sheet.price, texts::price);
    let has_from = !row.text("effective_from").is_empty();
    let from = row.optional("effective_from", texts::instant);
    let to = row.optional("effective_to", texts::instant);
    let from = if has_from { from? } else { UnixMicros::default() };
    let origin = RowOrigin { file: Arc::clone(&source.name), line: row.line() };
    let rate = rate_row(network?, price?, from, to, origin);
    rate.map_err(|(column, message)| row.problem(column, message)).ok()
}

fn rate_row(
    network: NetworkCode,
    price: Amount,
    effective_from: UnixMicros,
    effective_to: Option<UnixMicros>,
    origin: RowOrigin,
) -> Result<RateRow, (&'static str, String)> {
    if effective_to.is_some_and(|to| to <= effective_from) {
        return Err(("effective_to", "is not after effective_from: it would never apply".to_owned()));
    }
    Ok(RateRow { network, price, effective_from, effective_to, origin })
}
