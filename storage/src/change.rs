//! Changes: everything that one request to the management API writes, in one durable commit or not at all.
//!
//! Documents, ledger entries, messages, audit notes and the request's idempotency key stand or fall together.
//! A request that comes a second time with its key changes nothing, and gets the answer of the first time,
//! whatever happened in between.
//!
//! Money, units and commission that a part of a change takes away are gone from the wallet in memory before the change is
//! sent, so that nobody else can spend them; they come back when the part is dropped without having become durable. What a
//! part gives comes into memory once it is durable.

mod bundle;
mod entry;
mod payout;
mod transfer;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::WalletState;

use crate::codec::{Reader, put_amount, put_micros, put_total, put_varint};
use crate::countries::CountryTable;
use crate::database::Unavailable;
use crate::message_change::{MessageChange, MessageChangeError, MessageChanged};
use crate::rows::{ChainPlace, ContentDigest, MessageState, Row, content_digest};
use crate::schema::Collection;

pub(crate) use bundle::BundleAct;
pub use bundle::BundleChange;
pub use entry::{EntryChange, EntryText, PostedEntry};
pub use payout::CommissionPayout;
pub use transfer::TransferChange;

/// The most octets that the key of a request may have.
pub const REQUEST_KEY_OCTETS_MAX: usize = 200;

/// The changes of one request, and the channel for their result.
#[derive(Debug)]
pub struct Change {
    /// Accounts that get their books, in order.
    pub accounts: Vec<AccountChange>,
    /// Documents that are made, changed or removed, in order.
    pub documents: Vec<DocumentChange>,
    /// Entries for ledgers, in order.
    pub entries: Vec<EntryChange>,
    /// Money that goes from one wallet to another, in order.
    pub transfers: Vec<TransferChange>,
    /// Bundles that are given, used or ended, in order.
    pub bundles: Vec<BundleChange>,
    /// Commission that is paid out, in order.
    pub payouts: Vec<CommissionPayout>,
    /// Messages that are changed; a few at most.
    pub messages: Vec<MessageChange>,
    /// The notes for the audit log, in order.
    pub audit: Vec<AuditNote>,
    /// Accounts, operators and the tariff version that it is about to put in force.
    pub provision: Option<ProvisionChange>,
    /// The idempotency key, where the request has one.
    pub request: Option<RequestUse>,
    /// Gets the result once it is durable and in the wallets, or certainly not.
    pub reply: oneshot::Sender<Result<Changed, ChangeError>>,
    /// Called if the result is not known and will not be soon. The result comes all the same once it is known.
    pub on_doubt: DoubtNotice,
}

/// Called when the result of a change is not known.
#[derive(Default)]
pub struct DoubtNotice(pub Option<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for DoubtNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DoubtNotice").field(&self.0.is_some()).finish()
    }
}

/// An account that gets its books, with its opening balance. One whose id has books already is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// The id of the account.
    pub id: Arc<str>,
    /// The ISO 4217 code of its wallet's currency.
    pub currency: String,
    /// The balance that it begins with.
    pub opening_balance: Amount,
}

/// One file of a tariff version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffFile {
    /// The name in the configuration, or that of a file which exists only in the archive.
    pub name: Arc<str>,
    /// SHA-256 of the content.
    pub digest: ContentDigest,
    /// The content, which is kept once however many versions have it.
    pub content: Arc<[u8]>,
}

impl TariffFile {
    /// A file whose digest is not known yet.
    pub fn new(name: &str, content: &[u8]) -> Self {
        Self { name: name.into(), digest: content_digest(content), content: content.into() }
    }
}

/// Accounts, operators and a tariff version that are about to be applied. What is known already keeps its number, and an
/// account its balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProvisionChange {
    /// Name, currency and opening balance of each account.
    pub accounts: Vec<(Arc<str>, String, Amount)>,
    /// Accounts whose places in chains have changed, by id; `None` for those that have none any more.
    pub places: Vec<(Arc<str>, Option<ChainPlace>)>,
    /// Code of each operator.
    pub operators: Vec<Arc<str>>,
    /// The tariff's content hash.
    pub tariff_version: Arc<str>,
    /// The tariff's files.
    pub tariff_files: Vec<TariffFile>,
    /// The countries of numbers by the numbering plan; `None` where it stays as it is.
    pub number_countries: Option<Arc<CountryTable>>,
    /// True if accounts that set no delivery have their messages handed to operators, false if they are charged only. It
    /// is kept for good; `None` where it is on disk already.
    pub default_delivery: Option<bool>,
}

/// The numbers that stand for accounts, operators and the tariff on disk, and the wallets as they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// The accounts' numbers, in the order asked.
    pub accounts: Vec<AccountNumber>,
    /// The accounts' wallets in the same order, as the commit leaves them: a new one has what its ledger has.
    pub wallets: Vec<WalletState>,
    /// The operators' numbers, in the order asked.
    pub operators: Vec<OperatorNumber>,
    /// The number of the tariff version.
    pub tariff: u32,
}

/// The change of one document.
#[derive(Clone)]
pub struct DocumentChange {
    /// The kind of document.
    pub collection: Collection,
    /// The key of the document.
    pub key: Vec<u8>,
    /// The condition for the change to be made.
    pub expected: Expected,
    /// The new body; `None` removes the document.
    pub body: Option<Vec<u8>>,
}

/// The document that is expected before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything or nothing.
    Any,
    /// No document at all.
    Absent,
    /// The document in this revision.
    Revision(u64),
}

/// A line for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditNote {
    /// The person or key that made the change.
    pub actor: String,
    /// The action that was taken.
    pub action: String,
    /// The resource that was changed.
    pub resource: String,
    /// The content before; empty if there was none.
    pub before: String,
    /// The content after; empty if it was removed.
    pub after: String,
    /// The request that asked for it.
    pub request_id: String,
}

/// The idempotency key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUse {
    /// The scope of the key and the key: [`REQUEST_KEY_OCTETS_MAX`] octets at most.
    pub key: Vec<u8>,
    /// A hash of the request, to tell a resend from another request.
    pub fingerprint: u64,
    /// The time until which the key is remembered.
    pub expires_at: UnixMicros,
}

/// The result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The time of the change.
    pub at: UnixMicros,
    /// The revision of each document, in order; zero for one that was removed.
    pub revisions: Vec<u64>,
    /// The entries in ledgers: those of [`Change::entries`] in order, then two for each transfer, from whom and to whom, one
    /// for each bundle and one for each payout.
    pub entries: Vec<PostedEntry>,
    /// The messages, in order.
    pub messages: Vec<MessageChanged>,
    /// The numbers of what was provisioned; `None` where nothing was, and where the change is replayed.
    pub provisioned: Option<Provisioned>,
    /// True if an earlier use of the request's key made the change; nothing was changed now.
    pub replayed: bool,
}

/// The reason for which nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// A document is not as it was expected to be.
    #[error("document {document} of the change is not what was expected")]
    Conflict {
        /// The position of the document in the change, from zero.
        document: usize,
    },
    /// An account that is to be new has books: it was provisioned once.
    #[error("account `{0}` has books already")]
    AccountKnown(Arc<str>),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A balance would leave what can be held.
    #[error("the balance cannot hold the amount")]
    Balance,
    /// A bundle cannot be changed so: the account has none with the number, or it would hold too much.
    #[error("the bundle is not there, or cannot hold as many units")]
    Bundle,
    /// Less commission is durable than is to be paid out.
    #[error("the commission balance does not cover the payout")]
    Commission,
    /// A message cannot be changed so.
    #[error(transparent)]
    Message(MessageChangeError),
    /// It could not be made durable.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Change {
    /// A change that is still empty, and the channel on which its result comes.
    pub fn begin() -> (Self, oneshot::Receiver<Result<Changed, ChangeError>>) {
        let (reply, answer) = oneshot::channel();
        let empty = Self {
            accounts: Vec::new(),
            documents: Vec::new(),
            entries: Vec::new(),
            transfers: Vec::new(),
            bundles: Vec::new(),
            payouts: Vec::new(),
            messages: Vec::new(),
            audit: Vec::new(),
            provision: None,
            request: None,
            reply,
            on_doubt: DoubtNotice::default(),
        };
        (empty, answer)
    }

    /// Octets that its rows will take, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let documents = self.documents.iter().map(|document| document.body.as_ref().map_or(0, Vec::len));
        let notes = self.audit.iter().map(|note| note.before.len() + note.after.len());
        let files = self.provision.iter().flat_map(|provision| &provision.tariff_files);
        documents.chain(notes).chain(files.map(|file| file.content.len())).sum()
    }

    /// It is on disk: whatever it gives comes into memory now, and what it took stays taken. What a replayed request
    /// took goes back.
    pub(crate) fn complete(self, changed: Changed) {
        let Self { mut entries, mut transfers, mut bundles, mut payouts, reply, .. } = self;
        if !changed.replayed {
            entries.iter_mut().for_each(EntryChange::settle);
            transfers.iter_mut().for_each(TransferChange::settle);
            payouts.iter_mut().for_each(CommissionPayout::settle);
            let posted = changed.entries.iter().skip(entries.len() + 2 * transfers.len());
            for (bundle, posted) in bundles.iter_mut().zip(posted) {
                bundle.settle(posted);
            }
        }
        drop((entries, transfers, bundles, payouts));
        // A requester that is gone finds the change on disk.
        let _ = reply.send(Ok(changed));
    }

    /// It is not on disk: what it took is given back, and then the error is sent.
    pub(crate) fn fail(self, error: ChangeError) {
        let Self { entries, transfers, bundles, payouts, reply, .. } = self;
        drop((entries, transfers, bundles, payouts));
        let _ = reply.send(Err(error));
    }

    /// It is not known whether it is on disk: debits stay taken until it is.
    pub(crate) fn in_doubt(&mut self) {
        if let Some(notice) = self.on_doubt.0.take() {
            notice();
        }
    }
}

impl fmt::Debug for DocumentChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, expected, .. } = self;
        f.debug_struct("DocumentChange")
            .field("collection", collection)
            .field("expected", expected)
            .finish_non_exhaustive()
    }
}

/// The form that the row of the request's key keeps, to be returned again.
impl Row for Changed {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_micros(out, self.at);
        put_varint(out, self.revisions.len() as u64);
        self.revisions.iter().for_each(|revision| put_varint(out, *revision));
        put_varint(out, self.entries.len() as u64);
        for entry in &self.entries {
            put_varint(out, entry.id);
            put_total(out, entry.balance_after);
        }
        put_varint(out, self.messages.len() as u64);
        for message in &self.messages {
            put_varint(out, message.message_id);
            out.extend_from_slice(&[message.state as u8, u8::from(message.changed_now)]);
            put_amount(out, message.refunded);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let at = reader.micros()?;
        let revisions = take_list(reader, Reader::varint)?;
        let entries = take_list(reader, |reader| {
            Some(PostedEntry { id: reader.varint()?, balance_after: reader.total()? })
        })?;
        let messages = take_list(reader, take_message)?;
        Some(Self { at, revisions, entries, messages, provisioned: None, replayed: false })
    }
}

fn take_list<'a, T>(
    reader: &mut Reader<'a>,
    mut take: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    (0..reader.varint()?).map(|_| take(reader)).collect()
}

fn take_message(reader: &mut Reader<'_>) -> Option<MessageChanged> {
    let message_id = reader.varint()?;
    let (state, changed_now) = (reader.u8()?, reader.bool()?);
    let state = MessageState::ALL.into_iter().find(|known| *known as u8 == state)?;
    Some(MessageChanged { message_id, state, refunded: reader.amount()?, changed_now })
}
