//! `tollgate topup`: money into a wallet while no daemon runs on the data directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_engine::money::Amount;
use tollgate_engine::wallet::Wallet;
use tollgate_storage::change::{Change, EntryChange, EntryText};
use tollgate_storage::committer::{Committer, Limits};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::{Durability, Store};

use super::store_options;
use crate::failure::Failure;
use tollgate_console::say;

/// The arguments of `tollgate topup`.
#[derive(Debug, clap::Args)]
pub struct TopupArguments {
    /// The account whose wallet is credited
    #[arg(long)]
    pub account: String,
    /// The amount, in the account's currency, such as 100.00
    #[arg(long)]
    pub amount: Amount,
    /// A note for the ledger, such as an invoice number
    #[arg(long)]
    pub reference: String,
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Adds a top-up to the ledger, durably.
pub fn topup(config: &Path, arguments: &TopupArguments) -> Result<(), Failure> {
    if arguments.amount <= Amount::ZERO {
        return Err("the amount of a top-up has to be more than zero".into());
    }
    let options = store_options(config, arguments.data_dir.as_ref())?;
    let path = options.path.as_path();
    if !path.join("CURRENT").is_file() {
        return Err(format!("{} is not a data directory", path.display()).into());
    }
    let store = Arc::new(Store::open(options).map_err(|error| error.to_string())?);
    let accounts = store.provisioned().accounts().map_err(|error| error.to_string())?;
    let account = accounts.into_iter().find(|(_, row)| row.id == arguments.account);
    let (number, row) =
        account.ok_or_else(|| format!("no account `{}` in the data directory", arguments.account))?;
    let state = store.wallets().of(number).map_err(|error| error.to_string())?.unwrap_or_default();
    let before = state.balance;

    let limits = Limits { queue_messages: 1, batch_messages: 1, batch_bytes: 1 };
    let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    let (committer, thread) =
        Committer::start(store, journal, limits, Arc::new(())).map_err(|error| error.to_string())?;
    let wallet = Arc::new(Wallet::new(number, state));
    let text = EntryText::reference(arguments.reference.as_str());
    let entry = EntryChange::credit(Arc::clone(&wallet), EntryKind::TopUp, arguments.amount, text)
        .map_err(|refusal| format!("the top-up is refused: {}", refusal.name()))?;
    let (mut change, answer) = Change::begin();
    change.entries.push(entry);
    committer.change(change);
    let posted = answer.blocking_recv().map_err(|_| "the committer has stopped".to_owned())?;
    drop(committer);
    let ended = thread.join();
    assert!(ended.is_ok(), "a panic of the committer ends the process");
    posted.map_err(|error| error.to_string())?;
    say!("{}: {} + {} = {} {}", row.id, before, arguments.amount, wallet.state().balance, row.currency);
    Ok(())
}
