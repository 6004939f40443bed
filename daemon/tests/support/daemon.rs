//! The daemon as a child process: started, signalled, killed, and gone when dropped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::wait::{SOON, eventually};

/// A daemon that has said that it is ready.
pub struct Daemon {
    child: Child,
    log: PathBuf,
    pub smpp: SocketAddr,
    /// The address for TLS, if it listens for it.
    pub smpp_tls: Option<SocketAddr>,
    pub http: SocketAddr,
    pub metrics: SocketAddr,
}

impl Daemon {
    /// Starts `command` with standard error in `log`, and waits for its `ready` line.
    pub fn start(mut command: Command, log: PathBuf) -> Self {
        let stderr = File::create(&log).expect("the log can be made");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().expect("the daemon starts");
        let ready = ready_line(&mut child)
            .unwrap_or_else(|| panic!("the daemon did not get ready; its log:\n{}", text_of(&log)));
        let optional = |name: &str| ready[name].as_str().map(|text| text.parse().expect("a socket address"));
        let listener = |name: &str| optional(name).unwrap_or_else(|| panic!("no {name} in {ready}"));
        assert_eq!(ready["event"], "ready");
        assert_eq!(ready["pid"], child.id());
        Self {
            smpp: listener("smpp"),
            smpp_tls: optional("smpp_tls"),
            http: listener("http"),
            metrics: listener("metrics"),
            child,
            log,
        }
    }

    /// The log of the daemon until now.
    pub fn log(&self) -> String {
        text_of(&self.log)
    }

    /// Waits until the log has a line that `wanted` accepts, and gives it.
    pub fn logged(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        eventually(what, || self.log().lines().find(|line| wanted(line)).map(ToOwned::to_owned))
    }

    /// Sends a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .expect("the shell runs");
        assert!(status.success(), "the signal was sent");
    }

    /// Ends the process as a power cut would end it.
    pub fn kill(mut self) {
        self.kill_in_place();
    }

    /// The same, for whoever puts another in its place.
    pub fn kill_in_place(&mut self) {
        self.child.kill().expect("the daemon is still there to be killed");
        self.child.wait().expect("the daemon can be waited for");
    }

    /// Asks the process to end, and says how it did and how long it took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal("TERM");
        let status = eventually("the daemon to end after SIGTERM", || {
            self.child.try_wait().expect("the daemon can be waited for")
        });
        (status, asked.elapsed())
    }

    /// Ends the process in good order and gives its whole log; panics when it does not end with success.
    pub fn stop(self) -> String {
        let path = self.log.clone();
        let (status, _) = self.terminate();
        let log = text_of(&path);
        assert!(status.success(), "ended with {status}; its log:\n{log}");
        log
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail when the process has ended and been waited for, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of the daemon ---\n{}", text_of(&self.log));
        }
    }
}

/// The first line on standard output; `None` when the process ends without one or takes too long.
fn ready_line(child: &mut Child) -> Option<Value> {
    let stdout = child.stdout.take().expect("standard output is piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        // Nobody listens any more when this comes too late.
        if BufReader::new(stdout).read_line(&mut line).is_ok() {
            let _ = sender.send(line);
        }
    });
    let line = receiver.recv_timeout(SOON).ok()?;
    serde_json::from_str(&line).ok()
}

fn text_of(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).expect("the log can be read")).into_owned()
}
