//! The commands beside `run`. Each prints its result, or returns an error that a person can read.

pub mod admin;
pub mod anchor;
pub mod backup;
pub mod check;
pub mod export;
pub mod hash_password;
pub mod quote;
pub mod receipts;
pub mod restore;
pub mod topup;
pub mod verify;

use std::path::{Path, PathBuf};

use tollgate_provisioning as config;
use tollgate_provisioning::Loaded;

use tollgate_storage::store::StoreOptions;

use crate::failure::Failure;

/// The configuration, or everything that is wrong with it.
fn load(path: &Path) -> Result<Loaded, Failure> {
    Ok(config::load(path)?)
}

/// The settings of a store for a command that writes: the directory named on the command line, else the configured one, with
/// the second anchor of the configuration, if there is one to be read.
fn store_options(config: &Path, named: Option<&PathBuf>) -> Result<StoreOptions, Failure> {
    let storage = match (load(config), named) {
        (Ok(loaded), _) => Some(loaded.settings.storage),
        (Err(_), Some(_)) => None,
        (Err(failure), None) => return Err(failure),
    };
    let configured = storage.as_ref().map(|storage| storage.data_dir.clone());
    let path = named.cloned().or(configured).unwrap_or_default();
    let second_anchor = storage.and_then(|storage| storage.second_anchor);
    Ok(StoreOptions { second_anchor, ..StoreOptions::at(path) })
}

/// The data directory named on the command line, else the configured one.
fn data_dir(config: &Path, named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    match named {
        Some(path) => Ok(path.clone()),
        None => Ok(load(config)?.settings.storage.data_dir),
    }
}
