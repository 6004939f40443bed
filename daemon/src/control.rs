//! The control socket: commands for the daemon that is running, from whoever may write to its data directory.
//!
//! It is a Unix socket in the data directory, for its owner alone. A client writes one line of JSON and gets one back:
//! `{"command": "checkpoint", "folder": "/srv/backup/data"}` and `{"done": true}`, or `{"error": "why not"}`.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tollgate_storage::store::Store;

/// Name of the socket in the data directory.
const SOCKET: &str = "control.sock";
/// Octets of a command at most.
const LINE_OCTETS_MAX: u64 = 64 * 1024;
/// Time that a client has to write its command.
const LINE_WAIT: Duration = Duration::from_secs(5);

/// A command for the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlCommand {
    /// Copies the database as it is at one commit.
    Checkpoint {
        /// The folder to make.
        folder: PathBuf,
    },
}

/// The answer to a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ControlAnswer {
    Done(bool),
    Error(String),
}

/// The socket of a daemon. Its file goes with it.
#[derive(Debug)]
pub struct ControlSocket(PathBuf);

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // A start removes what is left.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens for commands, until the runtime ends. The caller holds the data directory, so that a socket that is there was left
/// by a daemon that is gone.
pub fn listen(data_dir: &Path, store: Arc<Store>) -> io::Result<ControlSocket> {
    let path = data_dir.join(SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&store)))),
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot take a connection");
                    tokio::time::sleep(LINE_WAIT).await;
                }
            }
        }
    });
    Ok(ControlSocket(path))
}

async fn serve(stream: UnixStream, store: Arc<Store>) {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = AsyncBufReader::new(reader.take(LINE_OCTETS_MAX));
    let Ok(Ok(_)) = timeout(LINE_WAIT, reader.read_line(&mut line)).await else { return };
    let answer = match serde_json::from_str(&line) {
        Ok(command) => obey(command, store).await,
        Err(error) => ControlAnswer::Error(format!("not a command: {error}")),
    };
    let text = serde_json::to_string(&answer).unwrap_or_default() + "\n";
    // A client that has gone wanted no answer.
    let _ = writer.write_all(text.as_bytes()).await;
}

async fn obey(command: ControlCommand, store: Arc<Store>) -> ControlAnswer {
    match command {
        ControlCommand::Checkpoint { folder } => {
            tracing::info!(folder = %folder.display(), "making a copy of the database");
            let made = tokio::task::spawn_blocking(move || store.checkpoint(&folder)).await;
            match made {
                Ok(Ok(())) => ControlAnswer::Done(true),
                Ok(Err(error)) => ControlAnswer::Error(error.to_string()),
                Err(error) => ControlAnswer::Error(error.to_string()),
            }
        }
    }
}

/// Has a command done by the daemon that runs on a data directory. `None` if none runs there.
pub fn ask(data_dir: &Path, command: &ControlCommand) -> Option<Result<(), String>> {
    let stream = BlockingStream::connect(data_dir.join(SOCKET)).ok()?;
    Some(
        exchange(stream, command).unwrap_or_else(|error| Err(format!("the daemon does not answer: {error}"))),
    )
}

fn exchange(mut stream: BlockingStream, command: &ControlCommand) -> io::Result<Result<(), String>> {
    let line = serde_json::to_string(command)? + "\n";
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE_OCTETS_MAX)).read_line(&mut answer)?;
    Ok(match serde_json::from_str(&answer)? {
        ControlAnswer::Done(_) => Ok(()),
        ControlAnswer::Error(why) => Err(why),
    })
}
