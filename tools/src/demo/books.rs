//! The books of a data directory that the daemon has left, as the commands `tollgate export` and `tollgate
//! verify` show them.

use std::path::Path;
use std::process::Output;

use serde::Deserialize;
use tollgate_engine::money::Amount;

use super::program::Program;

/// A CDR, as exported.
#[derive(Clone, Debug, Deserialize)]
pub struct ChargedMessage {
    /// Tollgate's id of the message.
    pub message_id: u64,
    /// The account that paid.
    pub account: String,
    /// The number that the message was sent to.
    pub destination: String,
    /// The country of the network.
    pub country: String,
    /// The name of the network; empty where only the country is known.
    pub operator: String,
    /// The number of segments charged.
    pub segments: u32,
    /// The price of all segments.
    #[serde(deserialize_with = "amount")]
    pub price: Amount,
    /// The currency of the price.
    pub currency: String,
    /// The state that the message reached.
    pub state: String,
    /// The part of the price that was given back.
    #[serde(deserialize_with = "amount")]
    pub refunded: Amount,
    /// The operator that took the message, or refused it last; empty for none.
    pub operator_code: String,
    /// The operator's price, here in the account's currency; zero where no operator took the message.
    #[serde(deserialize_with = "amount_if_any")]
    pub cost: Amount,
}

/// The money of one account, before its first message and after its last.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct AccountMoney {
    /// The account's id.
    pub account: String,
    /// The currency of the amounts.
    pub currency: String,
    /// The balance that the account began with.
    #[serde(deserialize_with = "amount")]
    pub opening_balance: Amount,
    /// Sum of the refunds.
    #[serde(deserialize_with = "amount")]
    pub refunded: Amount,
    /// The balance of the wallet.
    #[serde(deserialize_with = "amount")]
    pub balance: Amount,
}

/// The counts of books that balance.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Counts {
    wallets: u64,
    cdrs: u64,
    segments: u64,
    dispatches: u64,
    commits: u64,
    /// Every account's money.
    pub accounts: Vec<AccountMoney>,
}

/// The line that `tollgate verify --json` prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verified {
    Balanced(Counts),
    Off { fault: String },
}

impl Counts {
    /// The line by which `tollgate verify` says that books balance.
    pub fn line(&self) -> String {
        let Self { wallets, cdrs, segments, dispatches, commits, .. } = self;
        format!(
            "books balance: {wallets} wallets, {cdrs} CDRs, {segments} segments, {dispatches} dispatches, {commits} commits"
        )
    }
}

/// The data directory of a daemon that has stopped, and the program that reads it.
pub struct Books<'a> {
    /// The program that reads them.
    pub program: &'a Program,
    /// The configuration that the daemon ran with.
    pub config: &'a Path,
    /// The directory that the daemon kept its books in.
    pub data_dir: &'a Path,
}

impl Books<'_> {
    /// Every CDR in the books.
    pub fn charged_messages(&self) -> Result<Vec<ChargedMessage>, String> {
        let output = self.run(&["export", "cdr", "--format", "csv"])?;
        if !output.status.success() {
            return Err(format!("tollgate export failed:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        let rows: Result<Vec<_>, csv::Error> =
            csv::Reader::from_reader(&*output.stdout).into_deserialize().collect();
        rows.map_err(|error| format!("tollgate export: {error}"))
    }

    /// Verifies the books. An error where they do not balance.
    pub fn verify(&self) -> Result<Counts, String> {
        let output = self.run(&["verify", "--json"])?;
        let verified = serde_json::from_slice(&output.stdout).map_err(|error| {
            format!("tollgate verify --json: {error}\n{}", String::from_utf8_lossy(&output.stderr))
        })?;
        match verified {
            Verified::Balanced(counts) if output.status.success() => Ok(counts),
            Verified::Balanced(_) => Err(format!("tollgate verify ended with {}", output.status)),
            Verified::Off { fault } => Err(format!("books do NOT balance: {fault}")),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, String> {
        let mut command = self.program.command(self.config);
        command.args(arguments).arg("--data-dir").arg(self.data_dir);
        command.output().map_err(|error| format!("tollgate {} cannot be run: {error}", arguments.join(" ")))
    }
}

fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn amount_if_any<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(Amount::ZERO) } else { text.parse().map_err(serde::de::Error::custom) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_that_balance_are_told_from_others() {
        let line = r#"{"balanced":true,"wallets":1,"cdrs":2,"segments":3,"dispatches":0,"commits":2,"usage_rows":7,
            "accounts":[{"account":"acme","currency":"USD","opening_balance":"50","refunded":"0.02","balance":"49.98"}]}"#;
        let Ok(Verified::Balanced(counts)) = serde_json::from_str(line) else { panic!("{line}") };
        assert_eq!(counts.line(), "books balance: 1 wallets, 2 CDRs, 3 segments, 0 dispatches, 2 commits");
        assert_eq!(counts.accounts[0].balance, Amount::from_micros(49_980_000));
        let line = r#"{"balanced":false,"fault":"a wallet is off"}"#;
        assert!(
            matches!(serde_json::from_str(line), Ok(Verified::Off { fault }) if fault == "a wallet is off")
        );
    }
}
