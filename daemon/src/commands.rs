//! The commands beside `run`. Each prints its result, or returns an error that a person can read.

pub mod admin;
pub mod check;
pub mod export;
pub mod hash_password;
pub mod manual;
pub mod quote;
pub mod receipts;
pub mod topup;
pub mod verify;

use std::path::{Path, PathBuf};

use tollgate_provisioning as config;
use tollgate_provisioning::Loaded;

use crate::failure::Failure;

/// The configuration, or everything that is wrong with it.
fn load(path: &Path) -> Result<Loaded, Failure> {
    Ok(config::load(path)?)
}

/// The data directory named on the command line, else the configured one.
fn data_dir(config: &Path, named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    match named {
        Some(path) => Ok(path.clone()),
        None => Ok(load(config)?.settings.storage.data_dir),
    }
}
