//! Reads `operators.toml` and the files of costs that it names.

use std::sync::Arc;

use tollgate_engine::account::SenderPolicy;
use tollgate_engine::operator::{
    AccountFilter, DataCodings, Operator, OperatorNumber, OperatorStatus, ServedNetworks,
};
use tollgate_engine::tariff::RateRow;
use toml::de::DeValue;

use crate::bounds::operator as bounds;
use crate::catalogue::Known;
use crate::names::Names;
use crate::operator_smpp_reader::read_smpp;
use crate::operators::ProvisionedOperator;
use crate::rates::read_cost_file;
use crate::read::texts;
use crate::read::texts::quoted;
use crate::read::values::{decimal, instead_of, integer, one_of, text};
use crate::read::{Document, Problems, SourceFile, Sources, TableReader};
use crate::settings_reader::{OperatorSources, source_file};

/// The things that operators refer to.
pub struct OperatorSurroundings<'a> {
    /// The accounts that there are.
    pub accounts: &'a Names,
    /// The networks and calling codes that there are.
    pub known: &'a Known,
    /// The source of files with costs and passwords.
    pub sources: &'a mut Sources,
}

/// The content of the file.
#[derive(Debug)]
pub struct Operators {
    /// In the order of the file.
    pub provisioned: Vec<ProvisionedOperator>,
    /// The line in which each of them names its currency.
    pub currency_lines: Vec<u32>,
    /// The names that rules of routing may use, including those of operators with mistakes.
    pub names: Names,
    /// The files of costs that are named, for the archive.
    pub costs: Vec<Arc<SourceFile>>,
}

/// Reads the file, if one is named.
pub fn read_operators(
    files: &OperatorSources,
    mut around: OperatorSurroundings,
    problems: &mut Problems,
) -> Operators {
    let mut all = Operators {
        provisioned: Vec::new(),
        currency_lines: Vec::new(),
        names: Names::new("operator"),
        costs: Vec::new(),
    };
    let Some(source) = &files.operators else {
        if files.is_named {
            all.names.doubt();
        }
        return all;
    };
    let document = Document::parse(source, problems);
    let mut root = TableReader::of(&document, problems);
    let read = root.tables("operator", |table| {
        let operator = read_operator(table, &mut around, &mut all);
        operator.map(|operator| (operator, table.line_of("currency")))
    });
    if read.is_empty() {
        root.missing("operator");
    }
    if read.len() > bounds::OPERATORS {
        root.problem("operator", format!("more than {}", bounds::OPERATORS));
    }
    root.finish();
    if document.is_broken() {
        all.names.doubt();
    }
    (all.provisioned, all.currency_lines) = read.into_iter().flatten().unzip();
    all
}

fn read_operator(
    table: &mut TableReader,
    around: &mut OperatorSurroundings,
    all: &mut Operators,
) -> Option<ProvisionedOperator> {
    let code = table.required("code", text(texts::name));
    all.names.take(table, "code", code.as_ref());
    let name = table.optional("name", text(texts::label));
    let country = table.optional("country", text(texts::country));
    let status = table.or("status", OperatorStatus::default(), one_of);
    let networks = read_networks(table, around.known);
    let currency = table.required("currency", text(texts::currency));
    let base_cost = table.optional("base_cost", decimal(texts::price));
    let costs = read_costs(table, around, &mut all.costs);
    if !table.has("base_cost") && !table.has("costs") {
        let message = "is missing, and so is costs: an operator whose cost is not known gets no message";
        table.lacks("base_cost", message);
    }
    let priority = table.number(&bounds::PRIORITY);
    let weight = table.number(&bounds::WEIGHT);
    let senders = table.allowing("senders", text(texts::sender));
    let accounts = read_accounts(table, around.accounts);
    let data_codings = read_data_codings(table);
    if !table.has("smpp") {
        table.missing("smpp");
    }
    let smpp = table.table("smpp", |smpp| read_smpp(smpp, around.known, around.sources)).flatten();
    let code = code?;
    let operator = Operator {
        name: name.unwrap_or_else(|| Arc::clone(&code)),
        code,
        country,
        number: OperatorNumber::default(),
        status,
        networks,
        currency: currency?,
        base_cost,
        costs,
        priority,
        weight,
        senders: senders.map_or(SenderPolicy::Any, SenderPolicy::Listed),
        accounts,
        data_codings,
    };
    Some(ProvisionedOperator { operator, smpp: smpp? })
}

/// Returns true if a key is absent or is the word for everything, and false if it is a list.
fn is_word(table: &mut TableReader, key: &'static str, word: &str) -> bool {
    match table.value(key).map(toml::Spanned::get_ref) {
        None => true,
        Some(DeValue::String(text)) => {
            if text != word {
                table.problem(key, format!("{} is neither `{word}` nor a list", quoted(text)));
            }
            true
        }
        Some(_) => false,
    }
}

fn read_networks(table: &mut TableReader, known: &Known) -> ServedNetworks {
    if is_word(table, "networks", "all") {
        return ServedNetworks::All;
    }
    let listed = table.allowing("networks", text(|code| known.joined(code)));
    ServedNetworks::Listed(listed.unwrap_or_default())
}

fn read_data_codings(table: &mut TableReader) -> DataCodings {
    if is_word(table, "data_codings", "all") {
        return DataCodings::all();
    }
    let listed: Option<Vec<u8>> = table.allowing("data_codings", integer(0..=u8::MAX.into()));
    DataCodings::of(&listed.unwrap_or_default())
}

fn read_costs(
    table: &mut TableReader,
    around: &mut OperatorSurroundings,
    files: &mut Vec<Arc<SourceFile>>,
) -> Vec<RateRow> {
    let Some(source) = table.optional("costs", |value| source_file(value, around.sources)) else {
        return Vec::new();
    };
    let rows = read_cost_file(&source, around.known, table.problems()).into_rows();
    files.push(source);
    rows
}

/// Reads the word `any`, or a table that lets some accounts through or keeps some out.
fn read_accounts(table: &mut TableReader, accounts: &Names) -> AccountFilter {
    match table.value("accounts").map(toml::Spanned::get_ref) {
        None => AccountFilter::Any,
        Some(DeValue::Table(_)) => {
            let filter = table.table("accounts", |filter| read_account_filter(filter, accounts));
            filter.unwrap_or(AccountFilter::Any)
        }
        Some(DeValue::String(word)) if word == "any" => AccountFilter::Any,
        Some(other) => {
            let expected = "`any`, { only = […] } or { except = […] }";
            let message = match other {
                DeValue::String(word) => format!("{} is not {expected}", quoted(word)),
                other => instead_of(expected, other),
            };
            table.problem("accounts", message);
            AccountFilter::Any
        }
    }
}

fn read_account_filter(filter: &mut TableReader, accounts: &Names) -> AccountFilter {
    let account = || text(|id| accounts.resolve(id));
    let only = filter.allowing("only", account());
    let except = filter.list("except", account());
    match (filter.has("only"), filter.has("except")) {
        (true, true) => {
            filter.problem("except", "cannot be set together with only, which keeps all others out");
        }
        (false, false) => filter.lacks("only", "is missing, and so is except"),
        _ => {}
    }
    match only {
        Some(only) => AccountFilter::Only(only),
        None => AccountFilter::Except(except.unwrap_or_default()),
    }
}
