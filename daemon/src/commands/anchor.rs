//! The commands `tollgate anchor show`, `export` and `accept`: the last commit of a data directory, as its anchor names it.

use std::path::{Path, PathBuf};

use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use tollgate_storage::store::{CommitRow, Store};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::owner::KeptOwner;
use tollgate_console::say;

/// The data directory of a command about its anchor.
#[derive(Debug, clap::Args)]
pub struct AnchorArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print the commit as JSON
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `tollgate anchor export`.
#[derive(Debug, clap::Args)]
pub struct AnchorExportArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Sign with this Ed25519 key: PKCS #8 in DER, as `openssl genpkey -algorithm ed25519 -outform DER` writes it
    #[arg(long, value_name = "FILE")]
    pub sign_with: Option<PathBuf>,
}

/// Says which commit is the last one in a data directory.
pub fn show(config: &Path, arguments: &AnchorArguments) -> Result<(), Failure> {
    let last = last_commit(config, arguments.data_dir.as_ref())?;
    if arguments.json {
        say!("{}", as_json(&last));
        return Ok(());
    }
    say!("commit {} of {}, chain hash {}", last.number, last.at.to_rfc3339(), hex::encode(last.hash));
    Ok(())
}

/// Writes the last commit as one line of JSON, to be kept elsewhere, and its signature as a second line.
pub fn export(config: &Path, arguments: &AnchorExportArguments) -> Result<(), Failure> {
    let line = as_json(&last_commit(config, arguments.data_dir.as_ref())?).to_string();
    let signature = arguments.sign_with.as_deref().map(|key| sign(key, &line)).transpose()?;
    say!("{line}");
    if let Some(signature) = signature {
        say!("{}", json!({ "ed25519_signature_of_the_line_above": signature }));
    }
    Ok(())
}

/// Makes the anchor name the last commit that there is, whatever it named before. Needs the daemon to be stopped.
pub fn accept(config: &Path, arguments: &AnchorArguments) -> Result<(), Failure> {
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref())?;
    data_dir.check_stopped()?;
    let _owner = KeptOwner::of(&data_dir.path);
    let last = Store::accept(&data_dir.store_options()).map_err(|error| error.to_string())?;
    if arguments.json {
        say!("{}", as_json(&last));
        return Ok(());
    }
    say!(
        "the anchor names commit {} of {} now; what came after it, if anything, is given up",
        last.number,
        last.at.to_rfc3339()
    );
    Ok(())
}

fn last_commit(config: &Path, data_dir: Option<&PathBuf>) -> Result<CommitRow, Failure> {
    let data_dir = DataDir::find(config, data_dir)?;
    let store = Store::open_read_only(&data_dir.path).map_err(|error| error.to_string())?;
    let last = store.last_commit().map_err(|error| error.to_string())?;
    Ok(last.ok_or("the data directory has no last commit")?)
}

fn as_json(commit: &CommitRow) -> Value {
    json!({
        "commit": commit.number,
        "at": commit.at.to_rfc3339(),
        "chain_hash": hex::encode(commit.hash),
        "previous_chain_hash": hex::encode(commit.previous),
    })
}

fn sign(key: &Path, line: &str) -> Result<String, Failure> {
    let name = key.display();
    let octets = std::fs::read(key).map_err(|error| format!("cannot read {name}: {error}"))?;
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&octets);
    let pair = pair.map_err(|error| format!("{name} is no Ed25519 key in PKCS #8 (DER): {error}"))?;
    Ok(hex::encode(pair.sign(line.as_bytes())))
}
