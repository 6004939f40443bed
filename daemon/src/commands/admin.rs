//! `tollgate admin create`: the first admin of the management API, while no daemon runs on the data directory.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_storage::committer::{Committer, Limits};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, OpenError, Store};

use super::store_options;
use crate::failure::Failure;
use tollgate_console::password::{self, Asked};
use tollgate_console::say;
use tollgate_management::{NewAdmin, create_admin, generated_password};

/// Of `tollgate admin create`.
#[derive(Debug, clap::Args)]
pub struct AdminArguments {
    /// The e-mail address that the admin logs in with
    #[arg(long)]
    pub email: String,
    /// The admin's name [default: the e-mail address]
    #[arg(long)]
    pub name: Option<String>,
    /// Make a password and print it once, in place of reading one
    #[arg(long)]
    pub generate: bool,
    /// The data directory, in place of the one configured; it is made where it is not there yet
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Makes a user who may do everything, durably.
pub fn create(config: &Path, arguments: &AdminArguments) -> Result<(), Failure> {
    let options = store_options(config, arguments.data_dir.as_ref())?;
    let path = options.path.as_path();
    let password = if arguments.generate {
        generated_password()?
    } else {
        password::read("Password of the admin", Asked::Twice)?
    };
    let name = arguments.name.clone().unwrap_or_else(|| arguments.email.clone());
    let admin = NewAdmin { email: arguments.email.clone(), name, password };
    if !path.exists() {
        // What is in it is nobody else's business.
        let made = DirBuilder::new().recursive(true).mode(0o750).create(path);
        made.map_err(|error| format!("cannot make {}: {error}", path.display()))?;
    }
    let store = Arc::new(Store::open(options).map_err(|error| opening_failed(&error))?);
    let limits = Limits { queue_messages: 1, batch_messages: 1, batch_bytes: 1 };
    let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    let (committer, thread) = Committer::start(Arc::clone(&store), journal, limits, Arc::new(()))
        .map_err(|error| error.to_string())?;
    let created = create_admin(&store, &committer, &admin);
    drop(committer);
    let ended = thread.join();
    assert!(ended.is_ok(), "a panic of the committer ends the process");
    let id = created?;
    say!("{id}: {} is an admin", arguments.email);
    if arguments.generate {
        say!("password: {}", admin.password);
    }
    Ok(())
}

fn opening_failed(error: &OpenError) -> String {
    let text = error.to_string();
    if text.contains("in use by another process") {
        return format!(
            "{text}\nis the daemon running? stop it first, or let an admin make users over the API"
        );
    }
    text
}
