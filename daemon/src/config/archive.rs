//! What a price depends on: kept with each version of the tariff, and hashed to give the version its name.
//!
//! The version is the hash of a list of names and content hashes. Passwords, balances and limits are not in it, so
//! that a new password does not make a new tariff.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tollgate_engine::account::{Account, DefaultCoding};
use tollgate_engine::time::UnixMicros;

use super::provisioning::{ArchivedFile, ProvisionedAccount};
use super::read::SourceFile;
use super::settings_reader::TariffSources;

/// Hexadecimal digits of a version: enough to tell any number of tariffs apart, few enough for every CDR to show.
const VERSION_DIGITS: usize = 16;

/// Under this name stands what accounts have of their own.
const TERMS: &str = "account terms";

/// The files of a tariff, by name.
pub fn archive(sources: &TariffSources, accounts: &[ProvisionedAccount]) -> Vec<ArchivedFile> {
    let kept = [&sources.plans, &sources.numbering, &sources.networks, &sources.countries];
    let kept = kept.into_iter().flatten().chain(&sources.rates).map(|source| archived(source, true));
    // Subscribers' numbers are not kept beyond their time; a CDR says which network its number was found in.
    let ported = sources.ported.iter().map(|source| archived(source, false));
    let terms = account_terms(accounts);
    let terms = ArchivedFile {
        name: TERMS.into(),
        digest: Sha256::digest(terms.as_bytes()).into(),
        bytes: Some(terms.into_bytes().into()),
    };
    let mut files: Vec<ArchivedFile> = kept.chain(ported).chain([terms]).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    // The same file may be named twice.
    files.dedup_by(|one, other| one.name == other.name);
    files
}

/// The name of a version with these files.
pub fn version(files: &[ArchivedFile]) -> Arc<str> {
    let mut manifest = Sha256::new();
    for file in files {
        manifest.update(file.name.len().to_le_bytes());
        manifest.update(file.name.as_bytes());
        manifest.update(file.digest);
    }
    let mut version = hexadecimal(&manifest.finalize());
    version.truncate(VERSION_DIGITS);
    version.into()
}

fn archived(source: &SourceFile, with_content: bool) -> ArchivedFile {
    let bytes = source.text().as_bytes();
    ArchivedFile {
        name: Arc::clone(&source.name),
        digest: Sha256::digest(bytes).into(),
        bytes: with_content.then(|| bytes.into()),
    }
}

/// One paragraph for each account that is not charged by its plan alone.
fn account_terms(accounts: &[ProvisionedAccount]) -> String {
    let mut terms = String::new();
    for account in accounts.iter().map(|provisioned| &provisioned.account) {
        let lines = terms_of(account);
        if !lines.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(terms, "account {}\n{lines}", account.id);
        }
    }
    terms
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
    for rate in &account.rates {
        let to = rate.effective_to.map_or_else(|| "open".to_owned(), UnixMicros::to_rfc3339);
        let _ = writeln!(
            lines,
            "rate {} {} from {} to {to}",
            rate.network,
            rate.price,
            rate.effective_from.to_rfc3339()
        );
    }
    lines
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
