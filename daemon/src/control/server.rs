//! The daemon's end of the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};

use super::SOCKET;
use super::command::ControlAnswer;
use super::framing::{line_of, read_line};
use super::handlers::ControlHandlers;

/// The pause after a connection that could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_secs(5);

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
pub fn listen(data_dir: &Path, handlers: Arc<ControlHandlers>) -> io::Result<ControlSocket> {
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
                Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&handlers)))),
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot take a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(ControlSocket(path))
}

async fn serve(stream: UnixStream, handlers: Arc<ControlHandlers>) {
    let Ok(peer) = stream.peer_cred() else { return };
    let (reader, mut writer) = stream.into_split();
    let Some(line) = read_line(reader).await else { return };
    let answer = match serde_json::from_str(&line) {
        Ok(command) => handlers.obey(command, peer.uid()).await,
        Err(error) => ControlAnswer::Error(format!("not a command: {error}")),
    };
    // A client that has gone wanted no answer.
    let _ = writer.write_all(line_of(&answer).as_bytes()).await;
}
