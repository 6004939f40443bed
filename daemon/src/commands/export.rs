//! The command `tollgate export cdr`: writes out CDRs.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tollgate_console::output;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::store::Store;

use crate::arguments::parse_time;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use tollgate_exports::cdr::{COLUMNS, Cells, Names, TABLE, Texts, with_text};
use tollgate_exports::sides::Sides;
use tollgate_exports::xlsx::XlsxRows;
use tollgate_exports::{Cell, spreadsheet_text};

/// Of `tollgate export cdr`.
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Submitted at or after this time, in RFC 3339 or as a date
    #[arg(long, value_parser = parse_time)]
    pub from: Option<UnixMicros>,
    /// Submitted before this time
    #[arg(long, value_parser = parse_time)]
    pub to: Option<UnixMicros>,
    /// Only the CDRs of this account
    #[arg(long)]
    pub account: Option<String>,
    /// The format of the rows
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// Write texts in CSV as they are, also those that spreadsheets take for formulas
    #[arg(long)]
    pub raw: bool,
    /// The file to write to [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The format of exported rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// RFC 4180, with a header
    Csv,
    /// One JSON object per line
    Jsonl,
    /// A workbook of a spreadsheet
    Xlsx,
}

/// Writes the CDRs that are asked for.
pub fn export(config: &Path, arguments: &ExportArguments) -> Result<(), Failure> {
    if arguments.format == Format::Xlsx && arguments.output.is_none() && io::stdout().is_terminal() {
        return Err("a workbook is not written to a terminal; name a file with --output".into());
    }
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref())?;
    let store = Store::open_read_only(&data_dir.path).map_err(|error| error.to_string())?;
    let names = Names::read(&store, data_dir.into_loaded()?.provisioning.networks)
        .map_err(|error| error.to_string())?;
    let account = match &arguments.account {
        None => None,
        Some(id) => {
            let found = names.account(id);
            Some(found.ok_or_else(|| format!("there is no account `{id}` in the data directory"))?)
        }
    };
    let range = CdrRange {
        account,
        from: arguments.from.unwrap_or(UnixMicros(0)),
        to: arguments.to.unwrap_or(UnixMicros(u64::MAX)),
    };
    let Some(path) = &arguments.output else {
        output::note(write(&store, &range, &names, Rows::new(arguments, io::stdout().lock()))?);
        return Ok(());
    };
    let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
    let file = File::create(path).map_err(cannot)?;
    write(&store, &range, &names, Rows::new(arguments, &file))?.map_err(cannot)?;
    // Some file systems say only now that there is no room.
    if file.metadata().is_ok_and(|file| file.is_file()) {
        file.sync_all().map_err(cannot)?;
    }
    Ok(())
}

/// The outer error is of reading, the inner of writing.
fn write(
    store: &Store,
    range: &CdrRange,
    names: &Names,
    mut rows: Rows<impl Write>,
) -> Result<io::Result<()>, String> {
    let mut result = rows.header();
    if result.is_ok() {
        let texts = Texts::of(store).map_err(|error| error.to_string())?;
        let broken = cdrs(store, range, |cdr, state| {
            let text = texts.text(cdr.account, cdr.message_id).map_err(io::Error::other);
            let row = text.map(|text| with_text(names.cells(cdr, state, &Sides::all()), text));
            match row.and_then(|row| rows.row(&row)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        });
        if let Some(error) = broken.map_err(|error| error.to_string())? {
            result = Err(error);
        }
    }
    Ok(result.and_then(|()| rows.finish()))
}

/// Rows in one of the formats.
enum Rows<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, text: fn(&Cell) -> String },
    Jsonl(BufWriter<W>),
    Xlsx(Box<XlsxRows<BufWriter<W>>>),
}

impl<W: Write> Rows<W> {
    fn new(arguments: &ExportArguments, output: W) -> Self {
        match arguments.format {
            Format::Csv => Self::Csv {
                writer: Box::new(csv::Writer::from_writer(output)),
                text: if arguments.raw { Cell::text } else { spreadsheet_text },
            },
            Format::Jsonl => Self::Jsonl(BufWriter::new(output)),
            Format::Xlsx => Self::Xlsx(Box::new(XlsxRows::new(BufWriter::new(output), TABLE))),
        }
    }

    fn header(&mut self) -> io::Result<()> {
        match self {
            Self::Csv { writer, .. } => writer.write_record(COLUMNS).map_err(io::Error::from),
            Self::Jsonl(_) | Self::Xlsx(_) => Ok(()),
        }
    }

    fn row(&mut self, row: &Cells) -> io::Result<()> {
        match self {
            Self::Csv { writer, text } => {
                writer.write_record(row.each_ref().map(*text)).map_err(io::Error::from)
            }
            Self::Jsonl(output) => {
                let object: serde_json::Map<_, _> = COLUMNS
                    .iter()
                    .zip(row)
                    .map(|(name, value)| ((*name).to_owned(), value.text().into()))
                    .collect();
                serde_json::to_writer(&mut *output, &object)?;
                output.write_all(b"\n")
            }
            Self::Xlsx(rows) => rows.push(row),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv { mut writer, .. } => writer.flush(),
            Self::Jsonl(mut output) => output.flush(),
            Self::Xlsx(rows) => rows.finish()?.flush(),
        }
    }
}
