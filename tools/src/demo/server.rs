//! A server as a child process: started, asked to stop, and never left behind.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Time between two looks at whether the child has ended.
const POLL_PAUSE: Duration = Duration::from_millis(5);

/// Lines of its log that are shown when the child fails.
const LOG_LINES_SHOWN: usize = 20;

/// A running child. Dropping it kills it.
pub struct Server {
    child: Child,
    log: PathBuf,
}

/// The way in which a child failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It cannot be run at all.
    #[error("{program} cannot be started: {error}")]
    Start {
        /// The program that was to run.
        program: PathBuf,
        /// The reason that the system gives.
        error: io::Error,
    },
    /// It ended, or closed its output, before it said that it was ready.
    #[error("the server did not become ready; its log ends:\n{0}")]
    NotReady(String),
    /// It did not say in time that it was ready.
    #[error("the server was not ready after {} s; its log ends:\n{log}", .waited.as_secs())]
    Slow {
        /// The time for which it was waited for.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
    /// It was asked to stop and ended with an error.
    #[error("the server ended with {status}; its log ends:\n{log}")]
    Failed {
        /// Its exit status.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It was asked to stop and went on.
    #[error("the server was still running {} s after it was asked to stop; its log ends:\n{log}", .waited.as_secs())]
    Lingering {
        /// The time for which it was waited for.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
    /// The system failed to tell its state, or to signal it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Server {
    /// Runs `command` with its log in the file `log`, and waits for the first line that it prints.
    pub fn start(
        command: &mut Command,
        log: &Path,
        timeout: Duration,
    ) -> Result<(Self, String), ServerError> {
        let program = PathBuf::from(command.get_program());
        // In a process group of its own, it does not get the Ctrl-C that is meant for its parent.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?).process_group(0);
        let mut child = command.spawn().map_err(|error| ServerError::Start { program, error })?;
        let output = child.stdout.take();
        let server = Self { child, log: log.to_owned() };
        match first_line(output).recv_timeout(timeout) {
            Ok(line) if !line.is_empty() => Ok((server, line)),
            Ok(_) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(ServerError::NotReady(server.log_end())),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(ServerError::Slow { waited: timeout, log: server.log_end() })
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has. The time that took; an error unless it ends in time and with
    /// exit code 0.
    pub fn stop(mut self, timeout: Duration) -> Result<Duration, ServerError> {
        let asked_at = Instant::now();
        kill_process(Pid::from_child(&self.child), Signal::TERM).map_err(io::Error::from)?;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(asked_at.elapsed()),
                Some(status) => {
                    return Err(ServerError::Failed { status, log: self.log_end() });
                }
                None if asked_at.elapsed() > timeout => {
                    return Err(ServerError::Lingering { waited: timeout, log: self.log_end() });
                }
                None => thread::sleep(POLL_PAUSE),
            }
        }
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines.len().saturating_sub(LOG_LINES_SHOWN);
        let shown = lines.get(shown..).unwrap_or_default();
        shown.iter().flat_map(|line| ["  ", line, "\n"]).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has already ended there is nothing to kill, and nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of `output`, read in a thread of its own, so that the caller can give up waiting. Further
/// lines are read and dropped.
fn first_line(output: Option<ChildStdout>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()) {
            let Ok(line) = line else { return };
            let _ = sender.send(line);
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn start(script: &str, timeout: Duration) -> Result<(Server, String), ServerError> {
        let directory = tempfile::tempdir().unwrap();
        Server::start(Command::new("sh").args(["-c", script]), &directory.path().join("log"), timeout)
    }

    #[test]
    fn a_server_is_ready_with_its_first_line_and_stops_when_asked() {
        let (server, line) =
            start("trap 'kill $!; exit 0' TERM; echo ready; sleep 600 & wait", TIMEOUT).unwrap();
        assert_eq!(line, "ready");
        assert!(server.stop(TIMEOUT).is_ok());
    }

    #[test]
    fn what_a_failing_server_says_is_shown() {
        let error = start("echo 'no such file' >&2; exit 3", TIMEOUT).err().unwrap();
        assert_eq!(error.to_string(), "the server did not become ready; its log ends:\n  no such file\n");
    }

    #[test]
    fn a_server_that_does_not_become_ready_or_does_not_stop_is_killed() {
        let begun = Instant::now();
        let error = start("exec sleep 600", Duration::from_millis(50)).err().unwrap();
        assert!(matches!(error, ServerError::Slow { .. }), "{error}");
        let (server, _) = start("trap '' TERM; echo ready; exec sleep 600", TIMEOUT).unwrap();
        let pid = server.pid();
        let error = server.stop(Duration::from_millis(50)).err().unwrap();
        assert!(matches!(error, ServerError::Lingering { .. }), "{error}");
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "left behind");
        assert!(begun.elapsed() < Duration::from_mins(5));
    }

    #[test]
    fn a_server_that_ends_with_an_error_is_an_error() {
        let (server, _) =
            start("trap 'kill $!; exit 7' TERM; echo ready; sleep 600 & wait", TIMEOUT).unwrap();
        let error = server.stop(TIMEOUT).err().unwrap();
        assert!(matches!(&error, ServerError::Failed { status, .. } if status.code() == Some(7)), "{error}");
    }
}
