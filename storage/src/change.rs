//! Changes: all that one request to the management API writes, in one durable commit or not at all.
//!
//! Documents, ledger entries, messages, audit notes and the request's idempotency key stand or fall together. A request
//! that comes a second time with its key changes nothing, and is answered as it was the first time, whatever happened in
//! between.
//!
//! Money that an [`EntryChange`] takes away is gone from the wallet in memory before the change is sent, so that nobody
//! else can spend it; it comes back when the entry is dropped without having become durable.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Wallet;

use crate::codec::{Reader, put_amount, put_micros, put_varint};
use crate::database::Unavailable;
use crate::message_change::{MessageChange, MessageChangeError, MessageChanged};
use crate::rows::{EntryKind, MessageState, Row};
use crate::schema::Collection;

/// The most octets that the key of a request may have.
pub const REQUEST_KEY_OCTETS_MAX: usize = 200;

/// What is to be changed, and who is told.
#[derive(Debug)]
pub struct Change {
    /// Documents that are made, changed or removed, in order.
    pub documents: Vec<DocumentChange>,
    /// Entries for ledgers, in order.
    pub entries: Vec<EntryChange>,
    /// Messages that are changed; a few at most.
    pub messages: Vec<MessageChange>,
    /// What the audit log is to say, in order.
    pub audit: Vec<AuditNote>,
    /// The idempotency key, where the request has one.
    pub request: Option<RequestUse>,
    /// Told once it is durable and in the wallets.
    pub reply: oneshot::Sender<Result<Changed, ChangeError>>,
}

/// A document as it is to be.
#[derive(Clone)]
pub struct DocumentChange {
    /// What kind it is.
    pub collection: Collection,
    /// Which.
    pub key: Vec<u8>,
    /// What has to be there for the change to be made.
    pub expected: Expected,
    /// What it is to say; `None` removes it.
    pub body: Option<Vec<u8>>,
}

/// What has to stand where a document is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// The document in this revision.
    Revision(u64),
}

/// Why an entry is made, and who asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryText {
    /// Who asked for it.
    pub actor: String,
    /// Why, in a few words.
    pub reference: String,
    /// Why, at length.
    pub details: String,
    /// JSON, or empty.
    pub metadata: String,
}

impl EntryText {
    /// Of an entry that nobody asked for by hand.
    pub fn reference(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), ..Self::default() }
    }
}

/// An entry for an account's ledger. What it takes away, it holds until it is durable.
#[derive(Debug)]
pub struct EntryChange {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) kind: EntryKind,
    /// Added to the balance.
    pub(crate) amount: Amount,
    pub(crate) text: EntryText,
    /// Whether nothing is to be given back any more.
    settled: bool,
}

/// A line for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditNote {
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: String,
    /// What it said before; empty where it was not there.
    pub before: String,
    /// What it says now; empty where it is gone.
    pub after: String,
    /// The request that asked for it.
    pub request_id: String,
}

/// The idempotency key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUse {
    /// Whose key it is, and the key: [`REQUEST_KEY_OCTETS_MAX`] at most.
    pub key: Vec<u8>,
    /// Of the request, to tell a resend from another request.
    pub fingerprint: u64,
    /// Until when the key is remembered.
    pub expires_at: UnixMicros,
}

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// When it was made.
    pub at: UnixMicros,
    /// Of each document, in order; zero for one that is gone.
    pub revisions: Vec<u64>,
    /// Of each entry, in order.
    pub entries: Vec<PostedEntry>,
    /// Of each message, in order.
    pub messages: Vec<MessageChanged>,
    /// Whether this was made by an earlier use of the request's key; nothing was changed now.
    pub replayed: bool,
}

/// An entry that is in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedEntry {
    /// Its id.
    pub id: u64,
    /// The durable balance after it.
    pub balance_after: Amount,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// A document is not as it was expected to be.
    #[error("document {document} of the change is not what was expected")]
    Conflict {
        /// Which of the change's documents, from zero.
        document: usize,
    },
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A balance would leave what can be held.
    #[error("the balance cannot hold the amount")]
    Balance,
    /// A message cannot be changed so.
    #[error(transparent)]
    Message(MessageChangeError),
    /// It could not be made durable.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Change {
    /// One that changes nothing yet, and where its outcome will be told.
    pub fn begin() -> (Self, oneshot::Receiver<Result<Changed, ChangeError>>) {
        let (reply, answer) = oneshot::channel();
        let (documents, entries, messages, audit) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        (Self { documents, entries, messages, audit, request: None, reply }, answer)
    }

    /// Octets that its rows will take, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let documents = self.documents.iter().map(|document| document.body.as_ref().map_or(0, Vec::len));
        let notes = self.audit.iter().map(|note| note.before.len() + note.after.len());
        documents.chain(notes).sum()
    }

    /// It is on disk: money that comes in is in the wallets now, and money that was taken out stays out. What a replayed
    /// request took goes back.
    pub(crate) fn complete(self, changed: Changed) {
        let Self { mut entries, reply, .. } = self;
        if !changed.replayed {
            entries.iter_mut().for_each(EntryChange::settle);
        }
        drop(entries);
        // Whoever asked and is gone finds it on disk.
        let _ = reply.send(Ok(changed));
    }

    /// It is not: what was taken goes back, and then it is said.
    pub(crate) fn fail(self, error: ChangeError) {
        let Self { entries, reply, .. } = self;
        drop(entries);
        let _ = reply.send(Err(error));
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

impl EntryChange {
    /// Money that comes in: zero or more. It is in the wallet once it is durable. Refused as malformed where it is less.
    pub fn credit(
        wallet: Arc<Wallet>,
        kind: EntryKind,
        amount: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        if amount.is_negative() {
            return Err(Refusal::Malformed);
        }
        Ok(Self { wallet, kind, amount, text, settled: false })
    }

    /// Money that is taken away: `amount` is more than zero, and is gone from the wallet in memory from here on. Refused as
    /// malformed where it is not, and with `insufficient_funds` where balance and credit limit do not cover it.
    pub fn debit(
        wallet: Arc<Wallet>,
        kind: EntryKind,
        amount: Amount,
        credit_limit: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        wallet.withdraw(amount, credit_limit)?;
        let negative = amount.checked_neg().unwrap_or(Amount::ZERO);
        Ok(Self { wallet, kind, amount: negative, text, settled: false })
    }

    /// It is durable.
    fn settle(&mut self) {
        self.settled = true;
        if !self.amount.is_negative() {
            let held = self.wallet.credit(self.amount);
            assert!(held, "a durable ledger entry does not fit into its wallet");
        }
    }
}

impl Drop for EntryChange {
    fn drop(&mut self) {
        if !self.settled && self.amount.is_negative() {
            // Its opposite was an amount when it was withdrawn.
            self.wallet.give_back(self.amount.checked_neg().unwrap_or(Amount::ZERO));
        }
    }
}

/// As the row of the request's key keeps it, to be given again.
impl Row for Changed {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_micros(out, self.at);
        put_varint(out, self.revisions.len() as u64);
        self.revisions.iter().for_each(|revision| put_varint(out, *revision));
        put_varint(out, self.entries.len() as u64);
        for entry in &self.entries {
            put_varint(out, entry.id);
            put_amount(out, entry.balance_after);
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
            Some(PostedEntry { id: reader.varint()?, balance_after: reader.amount()? })
        })?;
        let messages = take_list(reader, take_message)?;
        Some(Self { at, revisions, entries, messages, replayed: false })
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
