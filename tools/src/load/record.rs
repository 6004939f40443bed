//! The outcome of every message as CSV: evidence for judging the server afterwards.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::receipt::Receipt;
use super::traffic::Message;

const HEADER: &str = "outcome,system_id,bind,sequence,number,destination,status,message_id\n";

/// The file. Shared by all binds, each of which hands in many lines at a time.
pub struct Record(Mutex<BufWriter<File>>);

impl Record {
    /// Makes the file, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(HEADER.as_bytes())?;
        Ok(Self(Mutex::new(file)))
    }

    fn append(&self, lines: &str) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes())?;
        file.flush()
    }
}

/// The lines of one bind that are not yet in the file.
pub struct Lines {
    record: Option<Arc<Record>>,
    system_id: String,
    bind: usize,
    pending: String,
}

impl Lines {
    /// Lines of one bind. Without a record they are dropped.
    pub fn new(record: Option<Arc<Record>>, system_id: &str, bind: usize) -> Self {
        Self { record, system_id: system_id.to_owned(), bind, pending: String::new() }
    }

    /// The server gave `ESME_ROK` and this id.
    pub fn acknowledged(&mut self, sequence: u32, message: &Message, message_id: &[u8]) {
        self.push("acknowledged", sequence, message, "0", message_id);
    }

    /// The server gave this `command_status`.
    pub fn refused(&mut self, sequence: u32, message: &Message, status: u32) {
        if self.record.is_some() {
            self.push("refused", sequence, message, &status.to_string(), b"");
        }
    }

    /// No answer came while the connection lasted.
    pub fn unknown(&mut self, sequence: u32, message: &Message) {
        self.push("unknown", sequence, message, "", b"");
    }

    /// A receipt came; its state stands in the place of the status, and its recipient in that of the
    /// destination.
    pub fn receipt(&mut self, sequence: u32, receipt: &Receipt<'_>) {
        if self.record.is_none() {
            return;
        }
        let (system_id, bind, state) = (&self.system_id, self.bind, receipt.state);
        let recipient = String::from_utf8_lossy(receipt.recipient);
        let message_id = String::from_utf8_lossy(receipt.message_id);
        // Writing to a String cannot fail.
        let _ =
            writeln!(self.pending, "receipt,{system_id},{bind},{sequence},,{recipient},{state},{message_id}");
    }

    fn push(&mut self, outcome: &str, sequence: u32, message: &Message, status: &str, message_id: &[u8]) {
        if self.record.is_none() {
            return;
        }
        let Message { number, destination, .. } = message;
        let destination = String::from_utf8_lossy(destination.as_bytes());
        let message_id = String::from_utf8_lossy(message_id);
        let (system_id, bind) = (&self.system_id, self.bind);
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.pending,
            "{outcome},{system_id},{bind},{sequence},{number},{destination},{status},{message_id}"
        );
    }

    /// Puts them into the file.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(record) = &self.record
            && !self.pending.is_empty()
        {
            record.append(&self.pending)?;
            self.pending.clear();
        }
        Ok(())
    }
}
