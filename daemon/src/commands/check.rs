//! The command `tollgate check`: validates the configuration.

use std::path::{Path, PathBuf};

use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::Tables;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use tollgate_console::say;
use tollgate_management::additions;
use tollgate_provisioning as config;
use tollgate_provisioning::{AnchorMode, Deliveries, Loaded, Provisioning, StorageSettings};
use tollgate_relay::chain_places::ChainPlaces;
use tollgate_relay::currencies::currency_conflicts;
use tollgate_relay::default_delivery::{DefaultDelivery, DeliveryOrigin};
use tollgate_relay::kept_roots::moved_accounts;
use tollgate_storage::store::{Store, Unavailable};

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
    refuse_published(&loaded)?;
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
    if let Some(line) = anchor(&loaded.settings.storage) {
        say!("{line}");
    }
    let data_dir = &DataDir::find(path, arguments.data_dir.as_ref())?.path;
    // A directory that is not there yet has no wallets that anything could contradict.
    let store = if arguments.data_dir.is_some() || data_dir.is_dir() { open(data_dir) } else { None };
    let whole = match &store {
        Some(store) => check_books(store, &loaded)?,
        None => provisioning.clone(),
    };
    let default = DefaultDelivery::of(store.as_ref(), &whole).map_err(|error| error.to_string())?;
    say!("{}", delivery(&whole, default));
    for warning in price_warnings(&loaded).into_iter().chain(secret_warnings(&loaded)) {
        say!("{warning}");
    }
    Ok(())
}

/// A line about an anchor that follows behind the commits.
fn anchor(storage: &StorageSettings) -> Option<String> {
    (storage.anchor == AnchorMode::Periodic).then(|| {
        format!(
            "storage.anchor: periodic: a start does not notice the loss of what was committed in the last {} ms",
            storage.anchor_interval_ms
        )
    })
}

/// A line for each price below what its seller pays.
fn price_warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(|warning| format!("warning: {warning}")).collect()
}

/// A line for each way in which a secret is open to others.
fn secret_warnings(loaded: &Loaded) -> Vec<String> {
    let mut warnings = readable_secrets(loaded);
    if loaded.settings.secrets.keys.is_empty() {
        warnings.push(
            "warning: secrets.key_file: is not set, so that passwords of operators, secrets of webhooks and the key of access \
             tokens are in the clear in the data directory and its backups"
                .to_owned(),
        );
    }
    warnings
}

/// A line for each file with a password or key that other users of the machine can read.
pub fn readable_secrets(loaded: &Loaded) -> Vec<String> {
    let line = |path: &PathBuf| {
        format!("warning: {}: can be read by other users of this machine; chmod o-r it", path.display())
    };
    loaded.readable_secrets.iter().map(line).collect()
}

/// Refuses to serve other machines with passwords that anybody can read.
pub fn refuse_published(loaded: &Loaded) -> Result<(), Failure> {
    let published = config::published_accounts(loaded);
    if published.is_empty() { Ok(()) } else { Err(published.join("\n").into()) }
}

/// The books of a data directory, which a daemon may be running on.
fn open(data_dir: &Path) -> Option<Store> {
    Store::open_read_only(data_dir).inspect_err(|error| say!("not compared with the books: {error}")).ok()
}

/// Compares the files with the wallets of the books; the files with what the API has provisioned beside them.
fn check_books(store: &Store, loaded: &Loaded) -> Result<Provisioning, Failure> {
    let (whole, contradictions) = contradictions(store, loaded).map_err(|error| error.to_string())?;
    if !contradictions.is_empty() {
        return Err(contradictions.join("\n").into());
    }
    say!("books in {}: every wallet has the currency of its plan", store.path().display());
    Ok(whole)
}

/// The files with what the API has provisioned beside them, and what in them contradicts the books.
pub fn contradictions(store: &Store, loaded: &Loaded) -> Result<(Provisioning, Vec<String>), Unavailable> {
    let whole = additions(store, &loaded.settings)?.beside(&loaded.provisioning);
    let mut found: Vec<String> = currency_conflicts(store, &whole)?.iter().map(ToString::to_string).collect();
    let moved = moved_accounts(&ChainPlaces::in_books(store)?, &whole);
    found.extend(moved.iter().map(ToString::to_string));
    Ok((whole, found))
}

/// A line about what is delivered and what is only charged.
fn delivery(provisioning: &Provisioning, default: DefaultDelivery) -> String {
    let deliveries = Deliveries::of(&provisioning.plans);
    let accounts = provisioning.accounts.iter().map(|known| deliveries.of_account(&known.account));
    let (delivered, charged): (Vec<_>, Vec<_>) =
        accounts.partition(|delivery| delivery.goes_to_operators(default.to_operators));
    let word = if default.to_operators { "operators" } else { "charge_only" };
    let origin = match default.origin {
        DeliveryOrigin::Settings => "routing.default_delivery",
        DeliveryOrigin::DataDirectory => "kept in the data directory",
        DeliveryOrigin::Operators => "kept from the first start on",
    };
    format!(
        "delivery: messages of {} accounts go to operators, those of {} are only charged; by default {word} ({origin})",
        delivered.len(),
        charged.len()
    )
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
        return "no operators".to_owned();
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
