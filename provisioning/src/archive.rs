//! The archive of a tariff: everything that a price or a margin depends on, kept with each version and hashed
//! to name it.
//!
//! The version is the hash of a list of names and content hashes. Passwords, balances and limits are not in
//! it, so that a new password does not make a new tariff; nor is which operator comes before which, as the
//! CDR says which one it was. `operators.toml` itself is never kept: there may be passwords in it. Ported
//! numbers are kept, as without them nobody could find out if a message was charged for the right network.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tollgate_engine::account::{Account, DefaultCoding};

use crate::accounts::ProvisionedAccount;
use crate::archived_lines::{line_of, price_list_lines, resale_lines};
use crate::operators::ProvisionedOperator;
use crate::operators_reader::Operators;
use crate::read::SourceFile;
use crate::resale::ProvisionedPriceList;
use crate::settings_reader::{OperatorSources, TariffSources};

/// Hexadecimal digits of a version: enough to tell any number of tariffs apart, few enough for every CDR to
/// show.
const VERSION_DIGITS: usize = 16;

/// Name of the archived file with the prices and terms that accounts have of their own.
pub(crate) const TERMS: &str = "account terms";

/// Name of the archived file with the plan of each account that is in a file. The management API moves its
/// accounts to other plans without a new version; their CDRs have the plan.
pub(crate) const ACCOUNT_PLANS: &str = "account plans";

/// Name of the archived file with the price lists of resellers.
pub(crate) const PRICE_LISTS: &str = "price lists";

/// The same for price lists of the management API.
pub(crate) const ADDED_PRICE_LISTS: &str = "price lists of the API";

/// Name of the archived file with the costs of operators, except those in files.
pub(crate) const OPERATOR_TERMS: &str = "operator terms";

/// Name of the archived file that lists the rate files in their order, one in each line, if that is not the
/// order of their names. Of two equal rows the first one wins, so that another order is another tariff.
pub(crate) const RATES_ORDER: &str = "rates order";

/// The same as [`TERMS`] for accounts of the management API.
pub(crate) const ADDED_TERMS: &str = "account terms of the API";

/// The same as [`OPERATOR_TERMS`] for operators of the management API.
pub(crate) const ADDED_OPERATOR_TERMS: &str = "operator terms of the API";

/// One file of the tariff, kept so that a price can be explained later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedFile {
    /// The name in the configuration, such as `rates/samples.csv`.
    pub name: Arc<str>,
    /// SHA-256 of the content, so that a store keeps each content once.
    pub digest: [u8; 32],
    /// The content of the file.
    pub bytes: Arc<[u8]>,
}

/// Accounts, and the price lists that resellers among them have made.
#[derive(Clone, Copy)]
pub struct Sold<'a> {
    /// Accounts of files, or of the management API.
    pub accounts: &'a [ProvisionedAccount],
    /// The price lists.
    pub price_lists: &'a [ProvisionedPriceList],
}

/// The files of a tariff, by name.
pub fn archive(
    sources: &TariffSources,
    sold: Sold<'_>,
    operator_sources: &OperatorSources,
    operators: &Operators,
) -> Vec<ArchivedFile> {
    let tariff = [&sources.plans, &sources.numbering, &sources.networks, &sources.countries, &sources.ported];
    let tariff = tariff.into_iter().flatten().chain(&sources.rates);
    let costs = operators.costs.iter().chain(&operator_sources.exchange_rates);
    let Sold { accounts, price_lists } = sold;
    let terms = account_terms(accounts, &resellers(accounts));
    let terms = [written(TERMS, terms), written(ACCOUNT_PLANS, account_plans(accounts))];
    let mut files: Vec<ArchivedFile> =
        tariff.chain(costs).map(|source| archived(source)).chain(terms).collect();
    if operator_sources.is_named {
        files.push(written(OPERATOR_TERMS, operator_terms(&operators.provisioned)));
    }
    if !price_lists.is_empty() {
        files.push(written(PRICE_LISTS, price_list_lines(price_lists)));
    }
    if !sources.rates.is_sorted_by(|one, other| one.name <= other.name) {
        let names: Vec<&str> = sources.rates.iter().map(|source| &*source.name).collect();
        files.push(written(RATES_ORDER, names.join("\n")));
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    // The same file may be named twice.
    files.dedup_by(|one, other| one.name == other.name);
    files
}

/// The terms of accounts and operators that are provisioned over the management API, as files of the archive. `all` are
/// these accounts and those of the files.
pub fn archive_additions(
    added: Sold<'_>,
    all: &[ProvisionedAccount],
    operators: &[ProvisionedOperator],
) -> impl Iterator<Item = ArchivedFile> + use<> {
    let accounts = account_terms(added.accounts, &resellers(all));
    let (operators, lists) = (operator_terms(operators), price_list_lines(added.price_lists));
    let texts = [(ADDED_TERMS, accounts), (ADDED_OPERATOR_TERMS, operators), (ADDED_PRICE_LISTS, lists)];
    texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| written(name, text))
}

/// The name of the version that has these files.
pub fn version(files: &[ArchivedFile]) -> Arc<str> {
    version_of(files.iter().map(|file| (&*file.name, &file.digest)))
}

/// The name of the version that has files of these names and digests, in this order.
pub fn version_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8; 32])>) -> Arc<str> {
    let mut manifest = Sha256::new();
    for (name, digest) in files {
        manifest.update(name.len().to_le_bytes());
        manifest.update(name.as_bytes());
        manifest.update(digest);
    }
    let mut version = hex::encode(manifest.finalize());
    version.truncate(VERSION_DIGITS);
    version.into()
}

fn archived(source: &SourceFile) -> ArchivedFile {
    let bytes = source.text().as_bytes();
    ArchivedFile { name: Arc::clone(&source.name), digest: Sha256::digest(bytes).into(), bytes: bytes.into() }
}

/// A file that exists only in the archive.
fn written(name: &str, text: String) -> ArchivedFile {
    ArchivedFile {
        name: name.into(),
        digest: Sha256::digest(text.as_bytes()).into(),
        bytes: text.into_bytes().into(),
    }
}

/// One paragraph for each operator.
fn operator_terms(operators: &[ProvisionedOperator]) -> String {
    let mut terms = String::new();
    for operator in operators.iter().map(|provisioned| &provisioned.operator) {
        // Writing to a string cannot fail.
        let _ = writeln!(terms, "operator {}\ncurrency {}", operator.code, operator.currency);
        if let Some(cost) = operator.base_cost {
            let _ = writeln!(terms, "base_cost {cost}");
        }
        match operator.costs.first() {
            Some(row) if !row.origin.file.is_empty() => {
                let _ = writeln!(terms, "costs {}", row.origin.file);
            }
            // Costs that are in no file are written out.
            _ => operator.costs.iter().for_each(|row| terms.push_str(&line_of("cost", row))),
        }
        terms.push('\n');
    }
    terms
}

/// One line for each account: its id, which has no blank, and its plan.
fn account_plans(accounts: &[ProvisionedAccount]) -> String {
    let mut plans = String::new();
    for account in accounts.iter().map(|provisioned| &provisioned.account) {
        // Writing to a string cannot fail.
        let _ = writeln!(plans, "{} {}", account.id, account.plan);
    }
    plans
}

/// One paragraph for each account that is not charged by its plan alone.
fn account_terms(accounts: &[ProvisionedAccount], resellers: &HashSet<&str>) -> String {
    let mut terms = String::new();
    for provisioned in accounts {
        let account = &provisioned.account;
        let lines = resale_lines(provisioned, resellers) + &terms_of(account);
        if !lines.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(terms, "account {}\n{lines}", account.id);
        }
    }
    terms
}

/// The accounts whose children buy from them.
fn resellers(accounts: &[ProvisionedAccount]) -> HashSet<&str> {
    let chained = accounts.iter().map(|provisioned| &provisioned.account);
    chained.filter(|account| account.reselling.chain).map(|account| &*account.id).collect()
}

fn terms_of(account: &Account) -> String {
    let mut lines = String::new();
    if let Some(code) = &account.default_calling_code {
        let _ = writeln!(lines, "default_calling_code {code}");
    }
    if account.trusts_network_tlv {
        lines.push_str("trusts_network_tlv\n");
    }
    if account.default_coding == DefaultCoding::Latin1 {
        lines.push_str("default_coding latin1\n");
    }
    account.rates.iter().for_each(|row| lines.push_str(&line_of("rate", row)));
    lines
}
