//! What a data directory says after the daemon has left it: CDRs by `tollgate export`, wallets, and `tollgate verify`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_storage::rows::{EntryKind, LedgerEntry, Row};
use tollgate_storage::schema::{Family, parse_account_id_key};
use tollgate_storage::store::Store;

/// A CDR, as exported.
#[derive(Clone, Debug, Deserialize)]
pub struct ChargedMessage {
    /// Tollgate's id.
    pub message_id: u64,
    /// Who paid.
    pub account: String,
    /// Where it went.
    pub destination: String,
    /// Of the network.
    pub country: String,
    /// Of the network; empty where only the country is known.
    pub operator: String,
    /// As charged.
    pub segments: u32,
    /// Of all segments, with the decimals of the file.
    #[serde(deserialize_with = "amount")]
    pub price: Amount,
    /// Of the price.
    pub currency: String,
    /// What became of it.
    pub state: String,
    /// Given back of the price.
    #[serde(deserialize_with = "amount")]
    pub refunded: Amount,
    /// Who took it, or refused it last; empty for nobody.
    pub operator_code: String,
    /// What the operator takes, in the account's currency as both are the same here; empty where none took it.
    #[serde(deserialize_with = "amount_if_any")]
    pub cost: Amount,
}

/// An account's money, before its first message and after its last.
pub struct WalletChange {
    /// Whose.
    pub account: String,
    /// Of the amounts.
    pub currency: String,
    /// Opening balance.
    pub before: Amount,
    /// Given back.
    pub refunded: Amount,
    /// As it stands in the data directory.
    pub after: Amount,
}

/// How `tollgate verify` ended.
pub struct Verdict {
    /// Whether it found nothing that is off.
    pub balances: bool,
    /// Its last line.
    pub line: String,
}

/// Runs `tollgate` with `arguments` on the books in `data_dir`.
fn tollgate(config: &Path, arguments: &[&str], data_dir: &Path) -> Result<Output, String> {
    let program = super::daemon_program()?;
    let mut command = Command::new(program);
    command.arg("--config").arg(config).args(arguments).arg("--data-dir").arg(data_dir);
    command.output().map_err(|error| format!("tollgate {} cannot be run: {error}", arguments.join(" ")))
}

/// Every CDR.
pub fn charged_messages(config: &Path, data_dir: &Path) -> Result<Vec<ChargedMessage>, String> {
    let output = tollgate(config, &["export", "cdr", "--format", "csv"], data_dir)?;
    if !output.status.success() {
        return Err(format!("tollgate export failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let rows: Result<Vec<_>, csv::Error> =
        csv::Reader::from_reader(&*output.stdout).into_deserialize().collect();
    rows.map_err(|error| format!("tollgate export: {error}"))
}

/// Whether the books add up.
pub fn verify(config: &Path, data_dir: &Path) -> Result<Verdict, String> {
    let output = tollgate(config, &["verify"], data_dir)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().map(str::to_owned);
    let line = line.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned());
    Ok(Verdict { balances: output.status.success() && line.starts_with("books balance:"), line })
}

/// Every wallet.
pub fn wallets(data_dir: &Path) -> Result<Vec<WalletChange>, String> {
    let store = Store::open_read_only(data_dir).map_err(|error| error.to_string())?;
    read_wallets(&store).map_err(|error| error.to_string())
}

fn read_wallets(store: &Store) -> Result<Vec<WalletChange>, tollgate_storage::store::Unavailable> {
    let mut opening: BTreeMap<AccountNumber, Amount> = BTreeMap::new();
    let mut refunded: BTreeMap<AccountNumber, Amount> = BTreeMap::new();
    store.scan(Family::Ledger, &[], |key, value| {
        let entry = parse_account_id_key(key).zip(LedgerEntry::read(value));
        if let Some(((account, _), entry)) = entry {
            let sums = match entry.kind {
                EntryKind::OpeningBalance => &mut opening,
                EntryKind::Refund => &mut refunded,
                EntryKind::TopUp | EntryKind::Adjustment => return true,
            };
            let sum = sums.entry(account).or_default();
            *sum = [*sum, entry.amount].into_iter().sum();
        }
        true
    })?;
    let balances: BTreeMap<AccountNumber, Amount> =
        store.wallets()?.into_iter().map(|(number, state)| (number, state.balance)).collect();
    let of =
        |amounts: &BTreeMap<AccountNumber, Amount>, number| amounts.get(&number).copied().unwrap_or_default();
    let changes = store.accounts()?.into_iter().map(|(number, row)| WalletChange {
        account: row.id,
        currency: row.currency,
        before: of(&opening, number),
        refunded: of(&refunded, number),
        after: of(&balances, number),
    });
    Ok(changes.collect())
}

fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn amount_if_any<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(Amount::ZERO) } else { text.parse().map_err(serde::de::Error::custom) }
}
