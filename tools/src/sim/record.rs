//! The record file: one line for each message taken, written before the message is answered.
//!
//! Lines survive the end of the process, however it ends, so that the messages accepted here can be compared
//! with what others say of them. The texts of messages are not in it, only their hashes.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tollgate_smpp::pdu::{Address, Submit};

use super::receipts::USER_MESSAGE_REFERENCE;

const HEADER: &str =
    "message_id,source,destination,user_message_reference,length,esm_class,data_coding,payload_hash\n";

/// Octets of the SHA-256 that a line has.
const HASH_OCTETS: usize = 8;

/// The most octets of a line.
const LINE_OCTETS_MAX: u64 = 4096;

/// The file, shared by all sessions.
#[derive(Debug)]
pub struct Record(Mutex<File>);

impl Record {
    /// Opens the file to write behind what is there. A last line without its end is taken away: it was being
    /// written when the process was killed, so that its message was never answered.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let whole = whole_lines(&mut file)?;
        file.set_len(whole)?;
        if whole == 0 {
            file.write_all(HEADER.as_bytes())?;
        }
        Ok(Self(Mutex::new(file)))
    }

    /// Hands whole lines to the system, which keeps them even if this process is killed.
    pub fn append(&self, lines: &str) -> io::Result<()> {
        self.0.lock().write_all(lines.as_bytes())
    }
}

/// The length of the file up to the end of its last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let tail_at = length.saturating_sub(LINE_OCTETS_MAX);
    file.seek(SeekFrom::Start(tail_at))?;
    let mut tail = Vec::new();
    file.take(LINE_OCTETS_MAX).read_to_end(&mut tail)?;
    Ok(tail.iter().rposition(|octet| *octet == b'\n').map_or(tail_at, |at| tail_at + at as u64 + 1))
}

/// Appends the line of one message to one destination.
pub fn write_line(lines: &mut String, message_id: &str, submit: &Submit<'_>, destination: &Address<'_>) {
    lines.push_str(message_id);
    lines.push(',');
    push_field(lines, submit.source.digits);
    lines.push(',');
    push_field(lines, destination.digits);
    lines.push(',');
    if let Some(reference) = submit.tlvs.get(USER_MESSAGE_REFERENCE) {
        let number = reference.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        push(lines, format_args!("{number}"));
    }
    push(lines, format_args!(",{},{},{},", submit.payload.len(), submit.esm_class, submit.data_coding));
    let hash = Sha256::digest(submit.payload);
    lines.push_str(&hex::encode(hash.get(..HASH_OCTETS).unwrap_or(&hash)));
    lines.push('\n');
}

/// An address is digits or letters; whatever else it has is written as an escape, so that a comma is a comma.
fn push_field(lines: &mut String, octets: &[u8]) {
    for octet in octets {
        match octet {
            b',' | b'"' => push(lines, format_args!("\\x{octet:02x}")),
            _ => push(lines, format_args!("{}", octet.escape_ascii())),
        }
    }
}

/// Writing to a String cannot fail.
fn push(lines: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = lines.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use tollgate_smpp::pdu::{SubmitKind, Tlvs};

    use super::*;

    fn line(source: &[u8], tlvs: &[u8]) -> String {
        let body = b"\0\0\0\0\0\x001\0\x40\0\0\0\0\0\0\x08\0\x03abc";
        let submit = Submit::parse(SubmitKind::SubmitSm, 1, body).unwrap();
        let source = Address { digits: source, ..submit.source };
        let submit = Submit { source, tlvs: Tlvs::new(tlvs), ..submit };
        let mut lines = String::new();
        write_line(&mut lines, "17", &submit, &Address { ton: 1, npi: 1, digits: b"49170" });
        lines
    }

    #[test]
    fn a_line_names_the_message_and_hides_its_text() {
        assert_eq!(line(b"Bank", b""), "17,Bank,49170,,3,64,8,ba7816bf8f01cfea\n");
        assert_eq!(
            line(b"A,\"\xE4", b"\x02\x04\0\x02\x01\x02"),
            "17,A\\x2c\\x22\\xe4,49170,258,3,64,8,ba7816bf8f01cfea\n"
        );
    }

    #[test]
    fn a_file_is_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.csv");
        for line in ["1\n", "2\n"] {
            Record::open(&path).unwrap().append(line).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{HEADER}1\n2\n"));
        Record::open(&path).unwrap().append("3,torn").unwrap();
        Record::open(&path).unwrap().append("4\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{HEADER}1\n2\n4\n"));
    }
}
