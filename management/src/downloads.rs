//! Exports: a thread reads the books a page at a time and writes what somebody downloads. It waits for the reader with a few
//! pieces in memory, for no longer than a minute, and holds nothing of the database while it waits.

mod tables;
#[cfg(test)]
mod test_rows;
mod turns;

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::export::Export;
use tollgate_relay::blocking::wait_for;

use turns::Turns;

pub use tables::whole_table;
#[cfg(test)]
pub use test_rows::json_rows;

/// Octets of a piece, and the number of pieces that may wait for the reader.
const PIECE_OCTETS: usize = 64 << 10;
const PIECES_MAX: usize = 4;
/// Time without a read after which the reader is taken to have gone.
const STALLED_AFTER: Duration = Duration::from_mins(1);

/// The exports that are under way.
#[derive(Debug, Default)]
pub struct Exports(Turns);

impl Exports {
    /// Begins a file, which `write` writes on a thread of its own. It should hold only the store, which the process does not
    /// wait for when it ends.
    pub fn begin(
        &self,
        caller: &Caller,
        media_type: &'static str,
        file_name: String,
        write: impl FnOnce(Pieces) -> io::Result<()> + Send + 'static,
    ) -> Answer<Export> {
        let turn = self.0.take(caller)?;
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        tokio::task::spawn_blocking(move || {
            let output = Pieces { sender: sender.clone(), filled: Vec::with_capacity(PIECE_OCTETS) };
            if let Err(error) = write(output) {
                tracing::warn!(%error, "an export was not finished");
                // A reader that is still connected sees the connection cut.
                let _ = sender.try_send(Err(error));
            }
            drop(turn);
        });
        Ok(Export { media_type, file_name, pieces })
    }
}

/// A file that is in memory.
pub fn ready(media_type: &'static str, file_name: String, octets: Vec<u8>) -> Export {
    let (sender, pieces) = mpsc::channel(1);
    // There is room for one, and the receiver is here.
    let _ = sender.try_send(Ok(octets.into()));
    Export { media_type, file_name, pieces }
}

/// Collects what is written and sends it to the reader piece by piece.
#[derive(Debug)]
pub struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    filled: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.filled.extend_from_slice(octets);
        if self.filled.len() >= PIECE_OCTETS {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.filled.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.filled, Vec::with_capacity(PIECE_OCTETS)));
        match wait_for(self.sender.reserve(), STALLED_AFTER) {
            Some(Ok(place)) => {
                place.send(Ok(piece));
                Ok(())
            }
            Some(Err(_)) => Err(io::Error::other("the reader has gone")),
            None => Err(io::Error::other("the reader has taken nothing for too long")),
        }
    }
}
