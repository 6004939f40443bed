//! The data directory that a command is about, found the same way by every command.

use std::path::{Path, PathBuf};

use tollgate_provisioning::{self as config, Loaded};
use tollgate_relay::number_countries::number_countries;
use tollgate_storage::store::{OpenError, StoreOptions};

use crate::control::Daemon;
use crate::failure::Failure;
use crate::running;

/// A data directory, and the configuration as far as it can be read.
#[derive(Debug)]
pub struct DataDir {
    /// The data directory.
    pub path: PathBuf,
    /// The configuration, or what is wrong with it.
    pub loaded: Result<Loaded, Failure>,
}

impl DataDir {
    /// The directory that the command line names; else that of a daemon with this configuration that runs on another one; else
    /// the configured one.
    pub fn find(config: &Path, named: Option<&PathBuf>) -> Result<Self, Failure> {
        let loaded = config::load(config).map_err(Failure::from);
        if let Some(path) = named {
            return Ok(Self { path: path.clone(), loaded });
        }
        if let Some(path) = running::noted(config).filter(|path| matches!(Daemon::on(path), Ok(Some(_)))) {
            return Ok(Self { path, loaded });
        }
        let loaded = loaded?;
        Ok(Self { path: loaded.settings.storage.data_dir.clone(), loaded: Ok(loaded) })
    }

    /// The daemon that runs on it, if one does.
    pub fn daemon(&self) -> Result<Option<Daemon>, Failure> {
        Ok(Daemon::on(&self.path)?)
    }

    /// The configuration, or what is wrong with it.
    pub fn into_loaded(self) -> Result<Loaded, Failure> {
        self.loaded
    }

    /// The settings of a store for a command that writes, with the second anchor and the numbering plan of the configuration if
    /// there is one to be read.
    pub fn store_options(&self) -> StoreOptions {
        let loaded = self.loaded.as_ref().ok();
        let second_anchor = loaded.and_then(|loaded| loaded.settings.storage.second_anchor.clone());
        let number_countries = loaded.map(|loaded| number_countries(&loaded.provisioning.networks));
        StoreOptions { second_anchor, number_countries, ..StoreOptions::at(&self.path) }
    }

    /// Refuses a directory on which a daemon runs.
    pub fn check_stopped(&self) -> Result<(), Failure> {
        match self.daemon()? {
            None => Ok(()),
            Some(_) => Err(format!("a daemon runs on {}: stop it first", self.path.display()).into()),
        }
    }

    /// Refuses a directory that has no books.
    pub fn check_books(&self) -> Result<(), Failure> {
        if self.path.join("CURRENT").is_file() {
            return Ok(());
        }
        Err(OpenError::Missing(self.path.clone()).to_string().into())
    }
}
