//! The other end of the control socket: commands of this program to the daemon that runs.

use std::os::unix::net::UnixStream;
use std::path::Path;

use super::SOCKET;
use super::command::{ControlAnswer, ControlCommand};
use super::framing::exchange;

/// Has a command done by the daemon that runs on a data directory. `None` if none runs there.
pub fn ask(data_dir: &Path, command: &ControlCommand) -> Option<Result<(), String>> {
    let stream = UnixStream::connect(data_dir.join(SOCKET)).ok()?;
    Some(match exchange(stream, command) {
        Ok(ControlAnswer::Done(_)) => Ok(()),
        Ok(ControlAnswer::Error(why)) => Err(why),
        Err(error) => Err(format!("the daemon does not answer: {error}")),
    })
}
