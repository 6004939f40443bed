//! One value of JSON on one line, in both directions.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader as AsyncBufReader};
use tokio::time::timeout;

/// Octets of a command at most.
const COMMAND_OCTETS_MAX: u64 = 64 * 1024;
/// Octets of an answer at most.
pub const ANSWER_OCTETS_MAX: u64 = 64 << 20;
/// Time that a client has to write its command.
const LINE_WAIT: Duration = Duration::from_secs(5);

/// The line of a value.
pub fn line_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// Reads the line of a client; `None` if none comes in time.
pub async fn read_line(reader: impl AsyncRead + Unpin) -> Option<String> {
    let mut line = String::new();
    let mut reader = AsyncBufReader::new(reader.take(COMMAND_OCTETS_MAX));
    let read = timeout(LINE_WAIT, reader.read_line(&mut line)).await;
    matches!(read, Ok(Ok(_))).then_some(line)
}

/// Writes a value and reads the one that answers it.
pub fn exchange<A: DeserializeOwned>(mut stream: impl Read + Write, value: &impl Serialize) -> io::Result<A> {
    stream.write_all(line_of(value).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream.take(ANSWER_OCTETS_MAX)).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}
