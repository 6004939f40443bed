//! Reads an archived tariff, written by [`archive`](crate::archive), as far as prices depend on it.
//!
//! An archive has the names of its files, but not their kinds. These are found by the content: the columns of
//! a CSV file, the tables of a TOML file.

use std::collections::BTreeMap;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::tariff::{Plan, RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use crate::archive::{ADDED_OPERATOR_TERMS, ADDED_TERMS, OPERATOR_TERMS, RATES_ORDER, TERMS};
use crate::catalogue::Catalogue;
use crate::plans::read_plans;
use crate::rates::RateBook;
use crate::read::texts;
use crate::read::texts::Parsed;
use crate::read::{Problems, SourceFile};
use crate::settings_reader::TariffSources;

/// Of ported numbers only the SHA-256 is kept.
const DIGEST_BYTES: usize = 32;

/// The purpose of an archived file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArchivedKind {
    /// The file of plans.
    Plans,
    /// Prices by plan and network.
    Rates,
    /// The catalogue of networks.
    Networks,
    /// The catalogue of countries.
    Countries,
    /// Prefix → network.
    Numbering,
    /// Costs of an operator.
    Costs,
    /// Exchange rates for costs.
    ExchangeRates,
    /// Prices and terms that accounts have of their own.
    AccountTerms,
    /// Costs of operators, except those in files.
    OperatorTerms,
    /// The order of the rate files.
    RatesOrder,
    /// A file of which only the hash is kept, as of ported numbers.
    HashOnly,
    /// Another kind of file.
    Other,
}

impl ArchivedKind {
    /// Returns true if the archived file is not made from a file, but from accounts or operators of the
    /// management API.
    pub fn is_added(name: &str) -> bool {
        [ADDED_TERMS, ADDED_OPERATOR_TERMS].contains(&name)
    }

    /// The columns that no other kind of CSV file has together.
    const BY_COLUMNS: [(Self, &[&str]); 6] = [
        (Self::Rates, &["plan", "mcc", "mnc", "price"]),
        (Self::Numbering, &["prefix", "mcc", "mnc"]),
        (Self::Networks, &["mcc", "mnc", "country_iso2", "operator"]),
        (Self::Countries, &["country_iso2", "calling_code", "primary_mcc"]),
        (Self::Costs, &["mcc", "mnc", "cost"]),
        (Self::ExchangeRates, &["base", "quote", "rate"]),
    ];

    /// The kind of a file, by its name and content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        match name {
            TERMS | ADDED_TERMS => return Self::AccountTerms,
            OPERATOR_TERMS | ADDED_OPERATOR_TERMS => return Self::OperatorTerms,
            RATES_ORDER => return Self::RatesOrder,
            _ => {}
        }
        let columns = first_row(content);
        let has = |column: &&str| columns.iter().any(|cell| cell == *column);
        if let Some((kind, _)) = Self::BY_COLUMNS.iter().find(|(_, columns)| columns.iter().all(has)) {
            return *kind;
        }
        match std::str::from_utf8(content).ok().and_then(|text| text.parse::<toml::Table>().ok()) {
            Some(table) if table.contains_key("plan") => Self::Plans,
            _ if content.len() == DIGEST_BYTES => Self::HashOnly,
            _ => Self::Other,
        }
    }

    /// The name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plans => "plans",
            Self::Rates => "rates",
            Self::Networks => "networks",
            Self::Countries => "countries",
            Self::Numbering => "numbering",
            Self::Costs => "costs",
            Self::ExchangeRates => "exchange_rates",
            Self::AccountTerms => "account_terms",
            Self::OperatorTerms => "operator_terms",
            Self::RatesOrder => "rates_order",
            Self::HashOnly => "hash_only",
            Self::Other => "other",
        }
    }
}

fn first_row(content: &[u8]) -> StringRecord {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut row = StringRecord::new();
    // What is not text has no columns.
    if !matches!(builder.from_reader(content).read_record(&mut row), Ok(true)) {
        row.clear();
    }
    row
}

/// One version of the tariff, as far as the price of a charged message depends on it. How numbers become
/// networks is left out: a CDR says which network its number was found in.
#[derive(Debug)]
pub struct ArchivedTariff {
    /// The catalogue of networks, with aliases.
    pub networks: Networks,
    /// With their rates.
    pub plans: Vec<Plan>,
    own_rates: BTreeMap<Arc<str>, Vec<RateRow>>,
}

impl ArchivedTariff {
    /// Reads the files of an archive by name. The error has the mistakes in them, under the names in the
    /// archive.
    pub fn read(files: &[(String, Vec<u8>)]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let read = read_files(files, &mut problems);
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    /// The rates that an account had of its own; their origin is the line in the archived file.
    pub fn own_rates(&self, account: &str) -> &[RateRow] {
        self.own_rates.get(account).map_or(&[], Vec::as_slice)
    }
}

fn read_files(files: &[(String, Vec<u8>)], problems: &mut Problems) -> ArchivedTariff {
    let mut sources = TariffSources::default();
    let (mut terms, mut order) = (Vec::new(), None);
    for (name, content) in files {
        let kind = ArchivedKind::of(name, content);
        if matches!(kind, ArchivedKind::HashOnly | ArchivedKind::Other) {
            continue;
        }
        let source = match SourceFile::archived(name, content.clone()) {
            Ok(source) => Arc::new(source),
            Err(message) => {
                problems.add(&name.as_str().into(), 0, "", message);
                continue;
            }
        };
        match kind {
            ArchivedKind::Plans => sources.plans = Some(source),
            ArchivedKind::Rates => sources.rates.push(source),
            ArchivedKind::Networks => sources.networks = Some(source),
            ArchivedKind::Countries => sources.countries = Some(source),
            ArchivedKind::Numbering => sources.numbering = Some(source),
            ArchivedKind::AccountTerms => terms.push(source),
            ArchivedKind::RatesOrder => order = Some(source),
            _ => {}
        }
    }
    put_in_order(&mut sources.rates, order.as_deref());
    let catalogue = Catalogue::read(&sources, problems);
    let (mut plans, plan_names) = read_plans(sources.plans.as_deref(), problems);
    if sources.plans.is_none() {
        problems.add(&"the archive".into(), 0, "", "has no plans");
    }
    let mut rates = RateBook::default();
    for source in &sources.rates {
        rates.read_file(source, &plan_names, catalogue.known(), problems);
    }
    for plan in &mut plans {
        rates.fill(plan);
    }
    let own_rates = read_account_terms(&terms, problems);
    ArchivedTariff { networks: catalogue.networks, plans, own_rates }
}

/// Sorts the rate files, which the archive has by name, into the order that they had.
fn put_in_order(rates: &mut [Arc<SourceFile>], order: Option<&SourceFile>) {
    let Some(order) = order else { return };
    let names: Vec<&str> = order.text().lines().collect();
    rates.sort_by_key(|source| names.iter().position(|name| *name == &*source.name));
}

/// Reads what [`archive`](crate::archive) wrote of accounts: of each the rates that it had of its own.
fn read_account_terms(
    sources: &[Arc<SourceFile>],
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, Vec<RateRow>> {
    let mut terms = BTreeMap::<Arc<str>, Vec<RateRow>>::new();
    let mut account: Option<Arc<str>> = None;
    let lines =
        sources.iter().flat_map(|source| source.text().lines().zip(1..).map(move |line| (source, line)));
    for (source, (text, line)) in lines {
        if let Some(id) = text.strip_prefix("account ") {
            account = Some(id.into());
        }
        let Some(rate) = text.strip_prefix("rate ") else { continue };
        let origin = RowOrigin { file: Arc::clone(&source.name), line };
        match (&account, archived_rate(rate, origin)) {
            (Some(account), Ok(row)) => terms.entry(Arc::clone(account)).or_default().push(row),
            (None, _) => problems.add(&source.path, line, "rate", "belongs to no account"),
            (_, Err(message)) => problems.add(&source.path, line, "rate", message),
        }
    }
    terms
}

/// A rate as `639/02 0.015 from 1970-01-01T00:00:00Z to open`.
fn archived_rate(text: &str, origin: RowOrigin) -> Parsed<RateRow> {
    let words: Vec<&str> = text.split(' ').collect();
    let [network, price, "from", from, "to", to] = words[..] else {
        return Err("is not a network, a price and a time".to_owned());
    };
    Ok(RateRow {
        network: NetworkCode::parse_joined(network)
            .ok_or_else(|| format!("{} is not a network", texts::quoted(network)))?,
        price: texts::price(price)?,
        effective_from: instant(from)?,
        effective_to: if to == "open" { None } else { Some(instant(to)?) },
        origin,
    })
}

/// Reads an instant; one beyond the calendar is a number.
fn instant(text: &str) -> Parsed<UnixMicros> {
    text.parse().map(UnixMicros).or_else(|_| texts::archived_instant(text))
}
