//! The other end of the control socket: commands of this program to the daemon that runs.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::SOCKET;
use super::command::{ControlAnswer, ControlCommand};
use super::framing::exchange;
use crate::api_call::{ApiCall, ApiReply};

/// A daemon that runs on a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    socket: PathBuf,
}

impl Daemon {
    /// The daemon that runs on a data directory; `None` if none does. `Err` is for a person to read.
    pub fn on(data_dir: &Path) -> Result<Option<Self>, String> {
        let socket = data_dir.join(SOCKET);
        match UnixStream::connect(&socket) {
            Ok(_) => Ok(Some(Self { socket })),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
                "{}: {error}; only the owner of the data directory and root may command the daemon",
                socket.display()
            )),
            // Nobody listens, or there is no socket.
            Err(_) => Ok(None),
        }
    }

    /// Has the database copied into a folder that is made.
    pub fn checkpoint(&self, folder: &Path) -> Result<(), String> {
        match self.ask(&ControlCommand::Checkpoint { folder: folder.to_owned() })? {
            ControlAnswer::Done(_) => Ok(()),
            ControlAnswer::Reply(_) => Err("the daemon answers something else".to_owned()),
            ControlAnswer::Error(why) => Err(why),
        }
    }

    /// Has a request of the management API answered.
    pub fn call(&self, call: ApiCall) -> Result<ApiReply, String> {
        match self.ask(&ControlCommand::Call(call))? {
            ControlAnswer::Reply(reply) => Ok(reply),
            ControlAnswer::Done(_) => Err("the daemon answers something else".to_owned()),
            ControlAnswer::Error(why) => Err(why),
        }
    }

    fn ask(&self, command: &ControlCommand) -> Result<ControlAnswer, String> {
        let answered = UnixStream::connect(&self.socket).and_then(|stream| exchange(stream, command));
        answered.map_err(|error| format!("the daemon does not answer: {error}"))
    }
}
