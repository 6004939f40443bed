//! The commands beside `run`. Each prints its result and answers `Err` with what a person should read.

pub mod check;
pub mod export;
pub mod hash_password;
pub mod quote;
pub mod topup;
pub mod verify;

use std::path::{Path, PathBuf};

use crate::config::{self, Loaded};

/// The configuration, or everything that is wrong with it.
fn load(path: &Path) -> Result<Loaded, String> {
    config::load(path).map_err(|problems| problems.to_string())
}

/// The data directory named on the command line, else the configured one.
fn data_dir(config: &Path, named: Option<&PathBuf>) -> Result<PathBuf, String> {
    match named {
        Some(path) => Ok(path.clone()),
        None => Ok(load(config)?.settings.storage.data_dir),
    }
}
