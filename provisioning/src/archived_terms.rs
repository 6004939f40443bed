//! The terms that accounts had of their own, read from an archived tariff.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use crate::archived_sources::ArchivedSources;
use crate::read::texts;
use crate::read::texts::Parsed;
use crate::read::{Problems, SourceFile};

/// The rates that accounts had of their own, and the plans of those that were in a file.
#[derive(Debug, Default)]
pub struct ArchivedTerms {
    rates: BTreeMap<Arc<str>, Vec<RateRow>>,
    plans: HashMap<Box<str>, Arc<str>>,
}

impl ArchivedTerms {
    /// Reads what the files of an archive say of accounts. The error has the mistakes in them.
    pub fn read(files: &[(String, Vec<u8>)]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let sources = ArchivedSources::sort(files, &mut problems);
        let read = Self::of(&sources, &mut problems);
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    pub(crate) fn of(sources: &ArchivedSources, problems: &mut Problems) -> Self {
        let rates = read_account_terms(&sources.account_terms, problems);
        let lines = sources.account_plans.iter().flat_map(|source| source.text().lines());
        let plans = lines.filter_map(|line| line.split_once(' '));
        Self { rates, plans: plans.map(|(account, plan)| (account.into(), plan.into())).collect() }
    }

    /// The rates that an account had of its own; their origin is the line in the archived file.
    pub fn rates(&self, account: &str) -> &[RateRow] {
        self.rates.get(account).map_or(&[], Vec::as_slice)
    }

    /// The plan of an account; `None` where it was in no file, or the archive is of an earlier version of the program.
    pub fn plan(&self, account: &str) -> Option<&str> {
        self.plans.get(account).map(AsRef::as_ref)
    }
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
