//! Exports of CDRs, in the formats that are asked for.

use std::io::{self, Write};
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{ExportFormat, ExportQuery};
use tollgate_api::export::{Export, TableFormat};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

use super::list::dispatch_octets;
use super::view::named_state;
use crate::downloads::{Exports, Pieces};
use crate::messaging::lookup::Lookup;
use crate::problems::unavailable;
use tollgate_exports::cdr::pages::{Pages, Wanted};
use tollgate_exports::cdr::parquet::ParquetRows;
use tollgate_exports::cdr::{Cells, TABLE, without_costs};

const PARQUET: &str = "application/vnd.apache.parquet";

/// An export that somebody asks for.
pub struct AskedExport<'a> {
    /// The caller who asks.
    pub caller: &'a Caller,
    /// The CDRs asked for.
    pub query: &'a ExportQuery,
}

impl AskedExport<'_> {
    /// Begins the export on a thread of its own.
    pub fn begin(&self, store: &Arc<Store>, lookup: &Lookup, exports: &Exports) -> Answer<Export> {
        let Self { caller, query } = *self;
        let names = lookup.names()?;
        let senders = lookup.senders(caller, &names, query.account.as_deref())?;
        let accounts = senders.map_or_else(|| names.account_numbers(), |some| some.into_iter().collect());
        let wanted = Wanted {
            accounts,
            from: query.from.map_or(UnixMicros(0), |at| at.0),
            to: query.to.map_or(UnixMicros(u64::MAX), |at| at.0),
            dispatch_id: query.dispatch_id.as_deref().map(dispatch_octets).transpose()?,
            state: query.state.map(named_state),
            viewer: lookup.viewer(caller, &names)?,
        };
        let pages = Pages::new(Arc::clone(store), names, wanted).map_err(|error| unavailable(&error))?;
        let rows = Rows { pages, with_costs: caller.reaches_all() };
        let format = match query.format {
            ExportFormat::Csv => TableFormat::Csv { raw: query.raw },
            ExportFormat::Xlsx => TableFormat::Xlsx,
            ExportFormat::Parquet => {
                let write = |output| rows.write_parquet(output);
                return exports.begin(caller, PARQUET, "cdrs.parquet".to_owned(), write);
            }
        };
        exports.begin_table(caller, format, TABLE, "cdrs", |write| rows.each(|row| write(&row)))
    }
}

/// The rows of an export under way.
struct Rows {
    pages: Pages,
    with_costs: bool,
}

impl Rows {
    fn write_parquet(self, output: Pieces) -> io::Result<()> {
        let mut rows = ParquetRows::new(output).map_err(io::Error::other)?;
        self.each(|row| rows.push(row).map_err(io::Error::other))?;
        rows.finish().map_err(io::Error::other)?.flush()
    }

    fn each(mut self, mut write: impl FnMut(Cells) -> io::Result<()>) -> io::Result<()> {
        let mut page = Vec::new();
        while self.pages.next(&mut page).map_err(io::Error::other)? {
            for row in page.drain(..) {
                write(if self.with_costs { row } else { without_costs(row) })?;
            }
        }
        Ok(())
    }
}
