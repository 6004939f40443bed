//! The tokens of the daemons that a user has logged in to: a file among the user's own files, for the user alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::running::state_folder;

/// The file, below the folder of the user's state.
const FILE: &str = "tollgate/logins.json";

/// The tokens of one daemon.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The address of the daemon.
    pub url: String,
    /// The address that the user has logged in with.
    pub email: String,
    /// The token of requests, for some minutes.
    pub access_token: String,
    /// The token that renews it once.
    pub refresh_token: String,
}

/// The tokens are not printed.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("url", &self.url).field("email", &self.email).finish_non_exhaustive()
    }
}

/// All of them, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins {
    logins: Vec<Login>,
}

impl Logins {
    /// Reads the file; where there is none, there are none.
    pub fn read() -> Result<Self, Failure> {
        let path = path()?;
        match fs::read_to_string(&path) {
            Ok(text) => Ok(serde_json::from_str(&text)
                .map_err(|error| format!("{}: {error}; remove it and log in again", path.display()))?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", path.display()).into()),
        }
    }

    /// Changes the file while no other command does, so that it is always whole.
    pub fn update(change: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let path = path()?;
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let private = |path: PathBuf| {
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)
        };
        let lock: File = private(path.with_extension("lock"))?;
        lock.lock().map_err(failed)?;
        let mut logins = Self::read()?;
        change(&mut logins)?;
        let text = serde_json::to_string(&logins).map_err(|error| error.to_string())?;
        let new = path.with_extension("new");
        let mut file = private(new.clone())?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(fs::rename(&new, &path).map_err(failed)?)
    }

    /// The login at an address, or the latest.
    pub fn find(&self, url: Option<&str>) -> Option<&Login> {
        match url {
            Some(url) => self.logins.iter().find(|login| login.url == url),
            None => self.logins.last(),
        }
    }

    /// Puts a login in the place of the one at its address, as the latest.
    pub fn put(&mut self, login: Login) {
        self.remove(&login.url);
        self.logins.push(login);
    }

    /// Removes the login at an address.
    pub fn remove(&mut self, url: &str) {
        self.logins.retain(|login| login.url != url);
    }
}

fn path() -> Result<PathBuf, Failure> {
    let folder = state_folder().ok_or("neither XDG_STATE_HOME nor HOME names a folder for the log-in")?;
    Ok(folder.join(FILE))
}
