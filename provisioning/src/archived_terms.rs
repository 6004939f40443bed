//! The terms that accounts had of their own, read from an archived tariff.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::price_list::PriceList;
use tollgate_engine::reselling::{Earning, Reselling};
use tollgate_engine::tariff::{RateRow, RowOrigin};

use crate::archived_lines::{earning_of_line, rate_of_line, read_price_list_lines};
use crate::archived_sources::ArchivedSources;
use crate::exchange::Exchange;
use crate::read::{Problems, SourceFile};

/// The rates that accounts had of their own, their places in chains, and the plans of those that were in a file.
#[derive(Debug, Default)]
pub struct ArchivedTerms {
    accounts: BTreeMap<Arc<str>, AccountTerms>,
    plans: HashMap<Box<str>, Arc<str>>,
    price_lists: BTreeMap<Arc<str>, Arc<PriceList>>,
    exchange: Vec<ExchangeRow>,
}

/// The terms that one account had.
#[derive(Debug, Default)]
struct AccountTerms {
    rates: Vec<RateRow>,
    plan: Option<Arc<str>>,
    parent: Option<Arc<str>>,
    chain: bool,
    earning: Earning,
    price_list: Option<Arc<str>>,
    trusts_network_tlv: bool,
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
        let lines = sources.account_plans.iter().flat_map(|source| source.text().lines());
        let plans = lines.filter_map(|line| line.split_once(' '));
        let exchange = sources.exchange_rates.as_ref();
        Self {
            accounts: read_account_terms(&sources.account_terms, problems),
            plans: plans.map(|(account, plan)| (account.into(), plan.into())).collect(),
            price_lists: read_price_list_lines(&sources.price_lists, problems),
            exchange: exchange.map(|source| Exchange::read_file(source, problems).rows).unwrap_or_default(),
        }
    }

    /// The rates that an account had of its own; their origin is the line in the archived file.
    pub fn rates(&self, account: &str) -> &[RateRow] {
        self.accounts.get(account).map_or(&[], |terms| terms.rates.as_slice())
    }

    /// The plan of an account; `None` where it was in no file and in no chain, or the archive is of an earlier version of the
    /// program.
    pub fn plan(&self, account: &str) -> Option<&str> {
        let own = self.accounts.get(account).and_then(|terms| terms.plan.as_deref());
        self.plans.get(account).map(AsRef::as_ref).or(own)
    }

    /// The place that an account had in a chain. It has a parent only where that one sold to it.
    pub fn reselling(&self, account: &str) -> Reselling {
        let Some(terms) = self.accounts.get(account) else { return Reselling::default() };
        let list = terms.price_list.as_ref().and_then(|name| self.price_lists.get(name));
        Reselling {
            parent: terms.parent.clone(),
            chain: terms.chain,
            earning: terms.earning,
            price_list: list.cloned(),
        }
    }

    /// True if a network that the account named in a TLV was believed.
    pub fn trusts_network_tlv(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|terms| terms.trusts_network_tlv)
    }

    /// The accounts that stood in a chain or bought by a price list.
    pub fn in_chains(&self) -> impl Iterator<Item = &Arc<str>> {
        let in_chain =
            |terms: &AccountTerms| terms.parent.is_some() || terms.chain || terms.price_list.is_some();
        self.accounts.iter().filter(move |(_, terms)| in_chain(terms)).map(|(account, _)| account)
    }

    /// The exchange rates between levels of different currencies.
    pub fn exchange(&self) -> ExchangeRates {
        ExchangeRates::build(self.exchange.clone())
    }
}

/// Reads what [`archive`](crate::archive) wrote of accounts.
fn read_account_terms(
    sources: &[Arc<SourceFile>],
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, AccountTerms> {
    let mut accounts = BTreeMap::<Arc<str>, AccountTerms>::new();
    let mut account: Option<Arc<str>> = None;
    let lines =
        sources.iter().flat_map(|source| source.text().lines().zip(1..).map(move |line| (source, line)));
    for (source, (text, line)) in lines {
        let (noun, rest) = text.split_once(' ').unwrap_or((text, ""));
        if noun == "account" {
            account = Some(rest.into());
            continue;
        }
        let Some(account) = &account else {
            if !text.is_empty() {
                problems.add(&source.path, line, noun, "belongs to no account");
            }
            continue;
        };
        let terms = accounts.entry(Arc::clone(account)).or_default();
        let origin = || RowOrigin { file: Arc::clone(&source.name), line };
        let read = match noun {
            "rate" => rate_of_line(rest, origin()).map(|row| terms.rates.push(row)),
            "commission" => earning_of_line(rest).map(|earning| terms.earning = earning),
            _ => {
                terms.put(noun, rest);
                Ok(())
            }
        };
        if let Err(message) = read {
            problems.add(&source.path, line, noun, message);
        }
    }
    accounts
}

impl AccountTerms {
    /// Takes a line that can be anything.
    fn put(&mut self, noun: &str, rest: &str) {
        match noun {
            "plan" => self.plan = Some(rest.into()),
            "parent" => self.parent = Some(rest.into()),
            "price_list" => self.price_list = Some(rest.into()),
            "chain" => self.chain = true,
            "trusts_network_tlv" => self.trusts_network_tlv = true,
            _ => {}
        }
    }
}
