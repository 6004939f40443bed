//! `tollgate-tools sim`: a simulator as the command line describes it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::answers::AnswerOptions;
use super::ids::{IdFormat, ReceiptIdFormat};
use super::listening;
use super::listening::ListenOptions;
use super::receipts::ReceiptOptions;
use super::record::Record;
use super::simulator::Simulator;

/// Stand in for a mobile operator: take messages and send receipts, as well or as badly as asked
///
/// Prints one line of JSON when it listens, and one with counts when it has stopped, at SIGTERM or Ctrl-C. It
/// keeps no state: query_sm, cancel_sm and replace_sm fail, and receipts that were not sent yet end with it.
/// Receipts of a transceiver go out over the same bind, others over any receiver of the same system_id; what
/// was not acknowledged is sent again.
#[derive(Clone, Debug, clap::Args)]
pub struct SimCommand {
    #[command(flatten)]
    pub(crate) listening: ListenOptions,
    /// Equal seeds make equal chances, bind by bind
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Append a line of CSV for every message accepted, written before it is answered
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) answers: AnswerOptions,
    #[command(flatten)]
    pub(crate) receipts: ReceiptOptions,
}

impl SimCommand {
    /// Serves until it is asked to stop. `Err` is for a person to read.
    pub fn run(&self) -> Result<(), String> {
        listening::run(&self.listening, &Arc::new(self.sim()?))
    }

    pub(crate) fn sim(&self) -> Result<Simulator, String> {
        let receipt_ids = self.receipts.receipt_id_format;
        if self.answers.id_format == IdFormat::Uuid && receipt_ids != ReceiptIdFormat::Same {
            return Err(
                "with --id-format uuid, receipts can only have the --receipt-id-format same".to_owned()
            );
        }
        let record = self.record.as_deref().map(|path| {
            Record::open(path).map_err(|error| format!("the record {}: {error}", path.display()))
        });
        Ok(Simulator::new(
            self.answers.clone(),
            self.receipts.clone(),
            self.listening.credentials(),
            self.listening.window,
            self.seed,
            record.transpose()?,
            self.answers.first_id.unwrap_or_else(first_id),
        ))
    }
}

/// Ids of one run are not those of an earlier one: it takes a microsecond at least to give one out.
fn first_id() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
}
