//! Exports: a thread reads the books a page at a time and writes what somebody downloads. It waits for the reader with a few
//! pieces in memory, for no longer than a minute, and holds nothing of the database while it waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{Export, ExportFormat, ExportQuery};
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

use super::list::dispatch_octets;
use super::view::named_state;
use crate::cdr_export::pages::{Pages, Wanted};
use crate::cdr_export::parquet::ParquetRows;
use crate::cdr_export::xlsx::{self, XlsxRows};
use crate::cdr_export::{COLUMNS, Cell, Cells, TABLE, spreadsheet_text, without_costs};
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::problems::unavailable;
use tollgate_relay::blocking::wait_for;

/// Exports at once.
const EXPORTS_MAX: usize = 2;
/// Octets of a piece, and the number of pieces that may wait for the reader.
const PIECE_OCTETS: usize = 64 << 10;
const PIECES_MAX: usize = 4;
/// Time without a read after which the reader is taken to have gone.
const STALLED_AFTER: Duration = Duration::from_mins(1);

/// The exports that are under way.
#[derive(Debug)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(EXPORTS_MAX)))
    }
}

/// An export that somebody asks for.
pub struct AskedExport<'a> {
    /// The caller who asks.
    pub caller: &'a Caller,
    /// The CDRs asked for.
    pub query: &'a ExportQuery,
}

impl AskedExport<'_> {
    /// Begins the export on a thread of its own.
    pub fn begin(
        &self,
        store: &Arc<Store>,
        visibility: &Visibility,
        lookup: &Lookup,
        exports: &Exports,
    ) -> Answer<Export> {
        let Self { caller, query } = *self;
        let names = lookup.names()?;
        let accounts = match &query.account {
            Some(id) => vec![lookup.account(caller, &names, id)?.0],
            None if caller.reaches_all() => names.account_numbers(),
            None => {
                let accounts = visibility.readable_accounts(caller).into_iter();
                let mut numbers: Vec<_> = accounts.map(|account| account.runtime.wallet.number()).collect();
                numbers.sort_unstable();
                numbers
            }
        };
        let wanted = Wanted {
            accounts,
            from: query.from.map_or(UnixMicros(0), |at| at.0),
            to: query.to.map_or(UnixMicros(u64::MAX), |at| at.0),
            dispatch_id: query.dispatch_id.as_deref().map(dispatch_octets).transpose()?,
            state: query.state.map(named_state),
        };
        let turn = Arc::clone(&exports.0).try_acquire_owned().map_err(|_| {
            let detail = format!("{EXPORTS_MAX} exports are under way; try again when one is done");
            Problem::too_many_requests(detail).retry_after(10)
        })?;
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        // It holds only the store, which the process does not wait for when it ends.
        let pages = Pages::new(Arc::clone(store), names, wanted).map_err(|error| unavailable(&error))?;
        let task = Task {
            pages,
            with_costs: caller.reaches_all(),
            format: query.format,
            raw: query.raw,
            sender,
            _turn: turn,
        };
        tokio::task::spawn_blocking(move || task.run());
        let (media_type, file_name) = match query.format {
            ExportFormat::Csv => ("text/csv", "cdrs.csv"),
            ExportFormat::Parquet => ("application/vnd.apache.parquet", "cdrs.parquet"),
            ExportFormat::Xlsx => (xlsx::MEDIA_TYPE, "cdrs.xlsx"),
        };
        Ok(Export { media_type, file_name, pieces })
    }
}

/// An export under way.
struct Task {
    pages: Pages,
    with_costs: bool,
    format: ExportFormat,
    raw: bool,
    sender: mpsc::Sender<io::Result<Bytes>>,
    _turn: OwnedSemaphorePermit,
}

impl Task {
    fn run(self) {
        let sender = self.sender.clone();
        let output = Pieces { sender: sender.clone(), filled: Vec::with_capacity(PIECE_OCTETS) };
        let written = match self.format {
            ExportFormat::Csv => self.write_csv(output),
            ExportFormat::Parquet => self.write_parquet(output),
            ExportFormat::Xlsx => self.write_xlsx(output),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "an export was not finished");
            // A reader that is still connected sees the connection cut.
            let _ = sender.try_send(Err(error));
        }
    }

    fn write_csv(self, output: Pieces) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(COLUMNS)?;
        let text = if self.raw { Cell::text } else { spreadsheet_text };
        self.rows(|row| writer.write_record(row.each_ref().map(text)).map_err(Into::into))?;
        writer.flush()
    }

    fn write_parquet(self, output: Pieces) -> io::Result<()> {
        let mut rows = ParquetRows::new(output).map_err(io::Error::other)?;
        self.rows(|row| rows.push(row).map_err(io::Error::other))?;
        rows.finish().map_err(io::Error::other)?.flush()
    }

    fn write_xlsx(self, output: Pieces) -> io::Result<()> {
        let mut rows = XlsxRows::new(output, TABLE);
        self.rows(|row| rows.push(&row))?;
        rows.finish()?.flush()
    }

    fn rows(mut self, mut write: impl FnMut(Cells) -> io::Result<()>) -> io::Result<()> {
        let mut page = Vec::new();
        while self.pages.next(&mut page).map_err(io::Error::other)? {
            for row in page.drain(..) {
                write(if self.with_costs { row } else { without_costs(row) })?;
            }
        }
        Ok(())
    }
}

/// Collects what is written and sends it to the reader piece by piece.
struct Pieces {
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
