//! Durable state in memory: the fold of everything that was committed, and the draft of the next commit on top of it.
//!
//! A draft never touches the fold. When its batch is on disk the fold takes its changes over; when it is not, the draft
//! is dropped and the fold still says what the disk says.

mod accept;
mod amended;
mod cancel;
mod change;
mod changes;
mod charge;
mod counters;
mod deliver;
mod gateway;
mod leases;
mod ledger;
mod message_change;
mod provision;
mod receipt;
mod records;
mod settle;
mod touched;
mod unmatched;
mod usage;
mod waiting;

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::WalletState;

use crate::batch::Batch;
use crate::change::{ChangeError, Changed};
use crate::chunk::CancelError;
use crate::command::{Command, Provisioned};
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::rows::{AuditTail, BatchRow, Row};
use crate::schema::{Family, first_id_at};
use crate::store::Store;

use amended::Amended;
pub use changes::{Changes, News};
use leases::Leases;
use unmatched::Unmatched;
use usage::KeptUsage;

/// What the disk says, as far as the next commit needs it.
#[derive(Debug)]
pub struct Fold {
    wallets: HashMap<AccountNumber, WalletState>,
    accounts: HashMap<String, AccountNumber>,
    operators: HashMap<String, OperatorNumber>,
    tariffs: HashMap<String, u32>,
    next_id: u64,
    last_short_id: u32,
    leases: Leases,
    amended: Amended,
    unmatched: Unmatched,
    usage: KeptUsage,
    /// The first id whose charge is not in the usage rows.
    usage_counted: u64,
    audit: AuditTail,
}

/// The next commit, as it grows.
#[derive(Debug)]
pub struct Draft<'a> {
    fold: &'a Fold,
    store: &'a Store,
    now: UnixMicros,
    batch: Batch,
    row: BatchRow,
    first_id: u64,
    changes: Changes,
}

/// What a command comes to, once its commit is durable.
#[derive(Debug)]
pub enum Folded {
    /// A chunk's messages have ids from here on, as the client will see them.
    Charged {
        first_visible_id: u64,
    },
    /// One outcome per event.
    Delivered(Vec<EventOutcome>),
    Provisioned(Provisioned),
    Changed(Changed),
    Done,
}

/// Why a command is not folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The client asks for what cannot be.
    #[error(transparent)]
    Client(#[from] CancelError),
    /// What a request asks for cannot be done, or not now.
    #[error("{error}")]
    Change { error: ChangeError, halfway: bool },
    /// Something could not be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Fold {
    /// Reads the durable state of a data directory.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            wallets: store.wallets().all()?.into_iter().collect(),
            accounts: store
                .provisioned()
                .accounts()?
                .into_iter()
                .map(|(number, row)| (row.id, number))
                .collect(),
            operators: store
                .provisioned()
                .operators()?
                .into_iter()
                .map(|(number, row)| (row.code, number))
                .collect(),
            tariffs: store
                .provisioned()
                .tariffs()?
                .into_iter()
                .map(|(number, row)| (row.version, number))
                .collect(),
            // Ids that were given up may have been counted over, and no commit on disk tells of them.
            next_id: store.commits().next_id()?.max(store.usage().counted_to()?),
            last_short_id: store.commits().last_short_id()?,
            leases: Leases::load(store)?,
            amended: Amended::default(),
            unmatched: Unmatched::load(store)?,
            usage: KeptUsage::default(),
            usage_counted: store.usage().counted_to()?,
            audit: store.audit().tail()?,
        })
    }

    /// Takes over what is now on disk. The answer is what others are to be told.
    pub fn advance(&mut self, changes: Changes) -> News {
        self.wallets.extend(changes.wallets);
        self.accounts.extend(changes.accounts);
        self.operators.extend(changes.operators);
        self.tariffs.extend(changes.tariffs);
        self.next_id = changes.next_id;
        self.last_short_id = changes.last_short_id;
        self.leases.advance(changes.leases);
        self.amended.advance(changes.amended, changes.next_id);
        self.unmatched.advance(changes.unmatched);
        self.usage.advance(changes.usage);
        self.usage_counted = changes.usage_counted.unwrap_or(self.usage_counted);
        self.audit = changes.records.audit;
        changes.news
    }

    /// The ids whose charges are not in the usage rows yet.
    pub fn uncounted(&self) -> std::ops::Range<u64> {
        self.usage_counted..self.next_id.max(self.usage_counted)
    }

    /// A commit that was refused may be on disk until it is taken back. Its ids are not given out again, and what it put
    /// into queues must not be sent by whoever reads it there meanwhile.
    pub fn give_up(&mut self, batch: &Batch, changes: &Changes) {
        self.next_id = changes.next_id;
        for key in batch.queued() {
            self.amended.drop_message(key.message_id, changes.next_id);
        }
    }
}

impl<'a> Draft<'a> {
    /// An empty commit at `now`.
    pub fn new(fold: &'a Fold, store: &'a Store, now: UnixMicros) -> Self {
        let first_id = fold.next_id.max(first_id_at(now));
        let changes = Changes::new(first_id, fold.last_short_id, fold.audit);
        Self { fold, store, now, batch: Batch::default(), row: BatchRow::default(), first_id, changes }
    }

    /// Adds a command. On an error the draft is as it was before, unless the command
    /// [`folds_in_parts`](Command::folds_in_parts).
    pub fn fold(&mut self, command: &Command) -> Result<Folded, FoldError> {
        match command {
            Command::Charge(chunk) => {
                let first_visible_id = self.charge(chunk)?;
                return Ok(Folded::Charged { first_visible_id });
            }
            Command::Cancel(cancellation) => self.cancel(cancellation.account, cancellation.message_id)?,
            Command::Replace(replacement) => self.replace(replacement)?,
            Command::Deliver(batch) => return Ok(Folded::Delivered(self.deliver(&batch.events)?)),
            Command::Change(change) => return Ok(Folded::Changed(self.change(change)?)),
            Command::Provision(provision) => return Ok(Folded::Provisioned(self.provision(provision)?)),
        }
        Ok(Folded::Done)
    }

    /// The rows to write, and what to tell the fold once they are on disk.
    pub fn finish(mut self) -> (Batch, Changes) {
        self.write_counters();
        self.write_usage();
        if self.row.ids() > 0 {
            self.batch.insert(Family::Batches, self.first_id.to_be_bytes(), self.row.to_bytes());
        }
        (self.batch, self.changes)
    }

    fn take_ids(&mut self, count: u64) -> u64 {
        let first = self.changes.next_id;
        self.changes.next_id += count;
        first
    }

    /// The id of one ledger entry or receipt.
    fn take_entry_id(&mut self) -> u64 {
        self.row.entries += 1;
        self.take_ids(1)
    }
}

impl FoldError {
    /// As the client of a cancellation or replacement hears it.
    pub fn for_client(self) -> CancelError {
        match self {
            Self::Client(error) => error,
            Self::Change { .. } | Self::Unavailable(_) => CancelError::Unavailable,
        }
    }

    /// As whoever provisions hears it.
    pub fn for_operations(self) -> Unavailable {
        match self {
            Self::Client(error) => Unavailable(error.to_string()),
            Self::Change { error, .. } => Unavailable(error.to_string()),
            Self::Unavailable(error) => error,
        }
    }

    /// As whoever asked for a change hears it.
    pub fn for_change(self) -> ChangeError {
        match self {
            Self::Change { error, .. } => error,
            other => ChangeError::Unavailable(other.for_operations()),
        }
    }

    /// Whether the draft may hold a part of the command.
    pub const fn is_halfway(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Change { halfway: true, .. })
    }
}
