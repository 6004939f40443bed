//! The command `tollgate check`: validates the configuration.

use std::path::{Path, PathBuf};

use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::Tables;

use crate::failure::Failure;
use crate::output::say;
use tollgate_management::additions;
use tollgate_provisioning as config;
use tollgate_provisioning::{Loaded, Provisioning};
use tollgate_relay::currencies::currency_conflicts;
use tollgate_storage::store::Store;

/// The arguments of `tollgate check`.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// The data directory that the files are compared with, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Validates every file, also against the books where there are any, and prints a summary.
pub fn check(path: &Path, arguments: &CheckArguments) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let provisioning = &loaded.provisioning;
    Tables::build(provisioning.definition(&StatusTable::default()))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    say!(
        "{}: {} files, tariff version {}: {} plans, {} accounts, {} networks, {} prefixes, {} ported numbers; no errors",
        path.display(),
        loaded.files.len(),
        provisioning.version,
        provisioning.plans.len(),
        provisioning.accounts.len(),
        provisioning.networks.len(),
        provisioning.numbering.len(),
        provisioning.ported.len(),
    );
    say!("{}", operators(provisioning));
    let data_dir = arguments.data_dir.as_ref().unwrap_or(&loaded.settings.storage.data_dir);
    // A directory that is not there yet has no wallets that anything could contradict.
    if arguments.data_dir.is_some() || data_dir.is_dir() {
        check_books(data_dir, &loaded)?;
    }
    Ok(())
}

/// Compares the files with the wallets of a data directory, which a daemon may be running on.
fn check_books(data_dir: &Path, loaded: &Loaded) -> Result<(), Failure> {
    let store = match Store::open_read_only(data_dir) {
        Ok(store) => store,
        Err(error) => {
            say!("not compared with the books: {error}");
            return Ok(());
        }
    };
    let additions = additions(&store, &loaded.settings).map_err(|error| error.to_string())?;
    let whole = additions.beside(&loaded.provisioning);
    let conflicts = currency_conflicts(&store, &whole).map_err(|error| error.to_string())?;
    if !conflicts.is_empty() {
        return Err(conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into());
    }
    say!("books in {}: every wallet has the currency of its plan", data_dir.display());
    Ok(())
}

/// A line about the operators that messages are handed to.
fn operators(provisioning: &Provisioning) -> String {
    let each: Vec<String> = provisioning
        .operators
        .iter()
        .map(|provisioned| {
            let (operator, smpp) = (&provisioned.operator, &provisioned.smpp);
            format!("{} ({}, {}:{})", operator.code, operator.status.name(), smpp.host, smpp.port)
        })
        .collect();
    if each.is_empty() {
        return "no operators: messages are charged and recorded, and handed to nobody".to_owned();
    }
    let routing = &provisioning.routing;
    format!(
        "{} operators: {}; strategy {}, margin guard {}, {} rules",
        each.len(),
        each.join(", "),
        routing.strategy.name(),
        routing.margin_guard.name(),
        routing.rules.len(),
    )
}
