//! `tollgate-tools sim` as an operator that can be killed: what it took stands in a file of its own, across its lives.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::foreign::until_listening;
use super::sandbox::tools_program;

/// Listens until killed or dropped.
pub struct Sim(Child);

/// A message that it took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Taken {
    pub message_id: String,
    pub source: String,
    pub destination: String,
}

impl Sim {
    /// With these options of `tollgate-tools sim`. Adds what it takes to `record`, before it says so.
    pub fn start(port: u16, record: &Path, options: &[&str]) -> Self {
        let child = Command::new(tools_program())
            .args(["sim", "--listen", &format!("127.0.0.1:{port}"), "--record"])
            .arg(record)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let sim = Self(child);
        until_listening(port);
        sim
    }

    /// Ends the process as a power cut would end it.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Both fail when the process has ended and been waited for, which is just as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The messages that were taken in all lives until now.
pub fn taken(record: &Path) -> Vec<Taken> {
    // An operator that was never started has no file.
    let text = fs::read_to_string(record).unwrap_or_default();
    // What was being written when the process was killed has no end, and was never acknowledged.
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    reader.deserialize().map(|row| row.expect("a row under the header")).collect()
}
