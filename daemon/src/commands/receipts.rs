//! `tollgate receipts`: the operators' receipts that belong to no message we know of, and another try at finding theirs.

use std::path::{Path, PathBuf};

use rustix::process::getuid;
use serde_json::json;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::{ReceiptIdFormat, id_candidates};
use tollgate_management::additions;
use tollgate_management::offline::OfflineBooks;
use tollgate_storage::delivery::{DeliveryEvent, EventOutcome};
use tollgate_storage::rows::UnmatchedRow;
use tollgate_storage::store::Store;

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::owner::KeptOwner;
use tollgate_console::{complain, say};
use tollgate_provisioning::Loaded;

/// The arguments of `tollgate receipts`.
#[derive(Debug, clap::Args)]
pub struct ReceiptsArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Look for their messages once more, as operators' ids are read now; the daemon has to be stopped
    #[arg(long)]
    pub replay: bool,
}

/// Receipts in one commit.
const BATCH: usize = 1_000;

type Document = (OperatorNumber, u64, UnmatchedRow);

/// Lists them, or looks for their messages once more; that needs the daemon to be stopped.
pub fn receipts(config: &Path, arguments: &ReceiptsArguments) -> Result<(), Failure> {
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref())?;
    if !arguments.replay {
        let store = Store::open_read_only(&data_dir.path).map_err(|error| error.to_string())?;
        return list(&store);
    }
    data_dir.check_books()?;
    data_dir.check_stopped()?;
    let _owner = KeptOwner::of(&data_dir.path);
    let books = OfflineBooks::open(data_dir.store_options(), getuid().as_raw())?;
    replay(&data_dir.into_loaded()?, &books)
}

fn list(store: &Store) -> Result<(), Failure> {
    let document = store.receipts().unmatched(None).map_err(|error| error.to_string())?;
    let codes = codes(store)?;
    for (operator, id, row) in &document {
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        let line = json!({
            "receipt": id,
            "operator": code(&codes, *operator),
            "received_at": row.received_at.to_rfc3339(),
            "upstream_id": row.ids.first().map(|id| text(id)),
            "stat": row.state.stat(),
            "reason": row.reason.name(),
            "source": text(&row.source),
            "destination": text(&row.destination),
        });
        say!("{line}");
    }
    complain!("{} receipts belong to no message", document.len());
    Ok(())
}

fn replay(loaded: &Loaded, books: &OfflineBooks) -> Result<(), Failure> {
    let store = books.store();
    let codes = codes(store)?;
    let additions = additions(store, &loaded.settings).map_err(|error| error.to_string())?;
    let whole = additions.beside(&loaded.provisioning);
    let format = |operator: OperatorNumber| {
        let code = code(&codes, operator);
        let operator = whole.operators.iter().find(|known| *known.operator.code == *code);
        operator.map_or(ReceiptIdFormat::Any, |operator| operator.smpp.receipt_ids)
    };
    let document: Vec<Document> = store.receipts().unmatched(None).map_err(|error| error.to_string())?;
    let mut found = 0;
    for batch in document.chunks(BATCH) {
        let events = batch.iter().map(|(operator, unmatched, row)| {
            let first = row.ids.first().map_or(&[][..], Vec::as_slice);
            let ids = id_candidates(first, format(*operator));
            DeliveryEvent::Replayed { operator: *operator, unmatched: *unmatched, ids, rewritten: true }
        });
        let outcomes = books.deliver(events.collect())?;
        found += outcomes.iter().filter(|outcome| !matches!(outcome, EventOutcome::Unmatched { .. })).count();
    }
    say!("{found} of {} receipts have found their message", document.len());
    Ok(())
}

fn codes(store: &Store) -> Result<Vec<(OperatorNumber, String)>, Failure> {
    let operators = store.provisioned().operators().map_err(|error| error.to_string())?;
    Ok(operators.into_iter().map(|(number, row)| (number, row.code)).collect())
}

fn code(codes: &[(OperatorNumber, String)], operator: OperatorNumber) -> String {
    let known = codes.iter().find(|(number, _)| *number == operator);
    known.map_or_else(|| operator.0.to_string(), |(_, code)| code.clone())
}
