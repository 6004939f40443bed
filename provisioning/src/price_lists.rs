//! Price lists, from the file that `[tariff]` names.

use std::sync::Arc;

use rust_decimal::Decimal;
use tollgate_engine::money::Amount;
use tollgate_engine::price_list::{MarkUp, PriceList};
use tollgate_engine::tariff::RateRow;
use toml::de::DeValue;

use crate::catalogue::Known;
use crate::names::Names;
use crate::rate_list::RateList;
use crate::rates::{read_rate_file, read_rate_table};
use crate::read::texts::{self, Parsed, quoted};
use crate::read::values::{decimal, text};
use crate::read::{Document, Problems, SourceFile, Sources, TableReader};
use crate::resale::{ProvisionedPriceList, check_mark_up, check_price_list, mark_up_percent};
use crate::settings_reader::source_file;
use crate::traffic_scopes::read_scope;

/// The things that price lists refer to.
pub struct ListSurroundings<'a> {
    /// The accounts that there are.
    pub accounts: &'a Names,
    /// The networks and countries that there are.
    pub known: &'a Known,
    /// The source of rate files.
    pub sources: &'a mut Sources,
}

/// Reads the file. The names are what accounts may call the lists.
pub fn read_price_lists(
    source: Option<&SourceFile>,
    mut around: ListSurroundings,
    problems: &mut Problems,
) -> (Vec<ProvisionedPriceList>, Names) {
    let mut names = Names::new("price list");
    let Some(source) = source else { return (Vec::new(), names) };
    let document = Document::parse(source, problems);
    let mut root = TableReader::of(&document, problems);
    let lists = root.tables("price_list", |table| read_list(table, &mut around, &mut names));
    root.finish();
    if document.is_broken() {
        names.doubt();
    }
    (lists.into_iter().flatten().collect(), names)
}

fn read_list(
    table: &mut TableReader,
    around: &mut ListSurroundings,
    names: &mut Names,
) -> Option<ProvisionedPriceList> {
    let name = table.required("name", text(texts::name));
    names.take(table, "name", name.as_ref());
    let owner = table.required("owner", text(|id| around.accounts.resolve(id)));
    let currency = table.required("currency", text(texts::currency));
    let rates = read_rates(table, around);
    let mark_ups = table.tables("mark_ups", |table| read_mark_up(table, around.known));
    let has_all = mark_ups.iter().all(Option::is_some) && (!table.has("rates") || !rates.is_empty());
    let list = PriceList { rates, mark_ups: mark_ups.into_iter().flatten().collect() };
    if has_all && let Err((key, message)) = check_price_list(&list) {
        table.problem(key, message);
    }
    Some(ProvisionedPriceList { name: name?, owner: owner?, currency: currency?, list: Arc::new(list) })
}

/// The rates of the list: the name of a CSV file, or a list of tables, as of an account.
fn read_rates(table: &mut TableReader, around: &mut ListSurroundings) -> Vec<RateRow> {
    match table.value("rates").map(toml::Spanned::get_ref) {
        None => Vec::new(),
        Some(DeValue::String(_)) => {
            let source = table.optional("rates", |value| source_file(value, around.sources));
            let list = source.map(|source| read_rate_file(&source, around.known, table.problems()));
            list.map(RateList::into_rows).unwrap_or_default()
        }
        Some(_) => {
            let mut list = RateList::default();
            table.tables("rates", |row| read_rate_table(&mut list, row, around.known));
            list.into_rows()
        }
    }
}

fn read_mark_up(table: &mut TableReader, known: &Known) -> Option<MarkUp> {
    let scope = read_scope(table, known, false);
    let share = table.optional("percent", decimal(|text| mark_up_percent(number(text)?)));
    let per_segment = table.optional("per_segment", decimal(texts::amount));
    if (table.has("percent") && share.is_none()) || (table.has("per_segment") && per_segment.is_none()) {
        return None;
    }
    if share.is_none() && per_segment.is_none() {
        table.problem("percent", "is missing, and so is per_segment");
        return None;
    }
    let mark_up =
        MarkUp { scope, share: share.unwrap_or_default(), per_segment: per_segment.unwrap_or(Amount::ZERO) };
    check_mark_up(&mark_up).map_err(|(key, message)| table.problem(key, message)).ok()?;
    Some(mark_up)
}

/// A decimal number.
pub fn number(text: &str) -> Parsed<Decimal> {
    Decimal::from_str_exact(text.trim()).map_err(|_| format!("{} is not a decimal number", quoted(text)))
}
