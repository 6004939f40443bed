//! `tollgate export cdr`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::rows::{AccountRow, MessageState, StateRow};
use tollgate_storage::store::Store;

use super::{Failure, load};
use crate::cli::{ExportArguments, Format};

/// The columns, in order.
pub const COLUMNS: [&str; 21] = [
    "message_id",
    "account",
    "submitted_at",
    "state",
    "source",
    "destination",
    "mcc",
    "mnc",
    "country",
    "operator",
    "segments",
    "price",
    "currency",
    "refunded",
    "plan",
    "tariff_version",
    "tier_before",
    "data_coding",
    "dispatch_id",
    "idempotency_key",
    "user_message_reference",
];

/// What turns numbers into names.
struct Names {
    networks: Networks,
    accounts: HashMap<AccountNumber, AccountRow>,
    tariffs: HashMap<u32, String>,
}

/// Writes the CDRs that are asked for.
pub fn export(config: &Path, arguments: &ExportArguments) -> Result<(), Failure> {
    let loaded = load(config)?;
    let path = arguments.data_dir.clone().unwrap_or(loaded.settings.storage.data_dir);
    let store = Store::open_read_only(&path).map_err(|error| error.to_string())?;
    let read = |error: tollgate_storage::store::Unavailable| error.to_string();
    let names = Names {
        networks: loaded.provisioning.networks,
        accounts: store.accounts().map_err(read)?.into_iter().collect(),
        tariffs: store
            .tariffs()
            .map_err(read)?
            .into_iter()
            .map(|(number, row)| (number, row.version))
            .collect(),
    };
    let account = match &arguments.account {
        None => None,
        Some(id) => {
            let found = names.accounts.iter().find(|(_, row)| row.id == *id).map(|(number, _)| *number);
            Some(found.ok_or_else(|| format!("no account `{id}` in the data directory"))?)
        }
    };
    let range = CdrRange {
        account,
        from: arguments.from.unwrap_or(UnixMicros(0)),
        to: arguments.to.unwrap_or(UnixMicros(u64::MAX)),
    };
    let result = match &arguments.output {
        None => write(&store, &range, &names, arguments.format, io::stdout().lock())?,
        Some(path) => {
            let file =
                File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            write(&store, &range, &names, arguments.format, file)?
        }
    };
    match result {
        // A reader such as `head` that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write: {error}").into())
        }
        _ => Ok(()),
    }
}

/// The outer error is of reading, the inner of writing.
fn write(
    store: &Store,
    range: &CdrRange,
    names: &Names,
    format: Format,
    output: impl Write,
) -> Result<io::Result<()>, String> {
    let mut rows = Rows::new(format, BufWriter::new(output));
    let mut result = rows.header();
    if result.is_ok() {
        let broken = cdrs(store, range, |cdr, state| match rows.row(&names.row(cdr, state)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        });
        if let Some(error) = broken.map_err(|error| error.to_string())? {
            result = Err(error);
        }
    }
    Ok(result.and_then(|()| rows.finish()))
}

/// Rows in one of the formats.
enum Rows<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Rows<W> {
    fn new(format: Format, output: W) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(output))),
            Format::Jsonl => Self::Jsonl(output),
        }
    }

    fn header(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(COLUMNS).map_err(io::Error::from),
            Self::Jsonl(_) => Ok(()),
        }
    }

    fn row(&mut self, row: &[String; COLUMNS.len()]) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(row).map_err(io::Error::from),
            Self::Jsonl(output) => {
                let object: serde_json::Map<_, _> = COLUMNS
                    .iter()
                    .zip(row)
                    .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                    .collect();
                serde_json::to_writer(&mut *output, &object)?;
                output.write_all(b"\n")
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Jsonl(mut output) => output.flush(),
        }
    }
}

impl Names {
    fn row(&self, cdr: &Cdr<'_>, state: Option<&StateRow>) -> [String; COLUMNS.len()] {
        let (fields, header) = (&cdr.fields, &cdr.header);
        let account = self.accounts.get(&cdr.account);
        let (country, operator) = self.network(fields.network);
        [
            cdr.message_id.to_string(),
            account.map_or_else(|| cdr.account.0.to_string(), |row| row.id.clone()),
            header.submitted_at.to_rfc3339(),
            state.map_or(MessageState::Enroute, |row| row.state).name().to_owned(),
            text(fields.source.address),
            fields.destination.to_string(),
            format!("{:03}", fields.network.mcc),
            fields.network.mnc.map(|mnc| mnc.to_string()).unwrap_or_default(),
            country,
            operator,
            fields.segments.to_string(),
            fields.amount.to_string(),
            account.map(|row| row.currency.clone()).unwrap_or_default(),
            state.map(|row| row.refunded).unwrap_or_default().to_string(),
            header.plan.to_owned(),
            self.tariffs.get(&header.tariff).cloned().unwrap_or_default(),
            fields.counted_before.to_string(),
            fields.data_coding.to_string(),
            fields.dispatch_id.map(text).unwrap_or_default(),
            fields.idempotency_key.map(text).unwrap_or_default(),
            fields.user_message_reference.map(|reference| reference.to_string()).unwrap_or_default(),
        ]
    }

    fn network(&self, code: NetworkCode) -> (String, String) {
        let Some(id) = self.networks.id(code) else { return Default::default() };
        let country =
            self.networks.country_of(id).map(|country| country.name.to_string()).unwrap_or_default();
        (country, self.networks.get(id).operator.to_string())
    }
}

/// What a customer sent as text; octets that are not UTF-8 become U+FFFD.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
