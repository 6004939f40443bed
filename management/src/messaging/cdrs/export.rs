//! Exports of CDRs, in the formats that are asked for.

use std::io::{self, Write};
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{CdrsQuery, ExportFormat, ExportQuery};
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::messages::MessagesQuery;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use crate::downloads::{Exports, Pieces};
use crate::messaging::lookup::Lookup;
use crate::messaging::search::country;
use crate::problems::unavailable;
use tollgate_exports::cdr::pages::{Pages, Wanted};
use tollgate_exports::cdr::parquet::ParquetRows;
use tollgate_exports::cdr::{Cells, TABLE, without_costs};
use tollgate_exports::messages::{Criteria, search_of};

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
        let country = query.country.as_deref().map(country).transpose()?;
        // A CDR says which operator has the message, also to its account.
        let asked = Criteria::read(search_of_export(query), &names, country, true, now())?;
        let wanted = Wanted {
            accounts,
            from: query.from.map_or(UnixMicros(0), |at| at.0),
            to: query.to.map_or(UnixMicros(u64::MAX), |at| at.0),
            asked,
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

/// The search for the messages that an export has.
fn search_of_export(query: &ExportQuery) -> MessagesQuery {
    let listed = CdrsQuery {
        account: query.account.clone(),
        dispatch_id: query.dispatch_id.clone(),
        state: query.state,
        mcc: query.mcc.clone(),
        mnc: query.mnc.clone(),
        country: query.country.clone(),
        operator: query.operator.clone(),
        destination: query.destination.clone(),
        user_sms_id: query.user_sms_id.clone(),
        from: query.from,
        to: query.to,
        ..CdrsQuery::default()
    };
    MessagesQuery { sender: query.sender.clone(), ..search_of(&listed) }
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
