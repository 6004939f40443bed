//! One change that a caller asks for: collected piece by piece, made durable as a whole, and only then visible to others.

use std::hash::Hasher;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tollgate_api::call::early_answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::data::EventData;
use tollgate_api::events::types::EventType;
use tollgate_api::extract::IfMatch;
use tollgate_api::keyed_request::KeyedRequest;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::event_record::{EventRecord, id_key, list_prefix, new_key};
use tollgate_storage::change::{
    AccountChange, AuditNote, BundleChange, Change, ChangeError, Changed, CommissionPayout, DocumentChange,
    DoubtNotice, EntryChange, Expected, ProvisionChange, RequestUse, TransferChange,
};
use tollgate_storage::clock::{due, now};
use tollgate_storage::message_change::MessageChange;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Unavailable;

use crate::collections::EVENTS;
use crate::context::Context;
use crate::documents::{Document, DocumentCache, to_json};
use crate::identity::random::id_at;
use crate::problems::{already_done, outcome_unknown, problem_of};
use crate::stream_topics::{Touched, named_account};
use tollgate_storage::fnv::Fnv;

const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// A change that is being collected.
pub struct ChangeSet<'a> {
    context: &'a Context,
    caller: &'a Caller,
    change: Change,
    answer: oneshot::Receiver<Result<Changed, ChangeError>>,
    /// Changes of document caches that are made once it is durable.
    follow: Vec<Follow<'a>>,
    /// The accounts of documents that go, by their places in the change.
    removed: Vec<(usize, String)>,
    /// A secret that could not be sealed or an id that could not be made, so that nothing is written.
    fault: Option<Problem>,
    /// The number of its events.
    events: u64,
}

/// A step that follows once a change is durable.
type Follow<'a> = Box<dyn FnOnce(&Changed) + 'a>;

impl Context {
    /// Begins a change that this caller asks for.
    pub fn change<'a>(&'a self, caller: &'a Caller) -> ChangeSet<'a> {
        ChangeSet::begin(self, caller)
    }
}

impl<'a> ChangeSet<'a> {
    /// An empty change of this caller.
    fn begin(context: &'a Context, caller: &'a Caller) -> Self {
        let (change, answer) = Change::begin();
        let (follow, removed) = (Vec::new(), Vec::new());
        Self { context, caller, change, answer, follow, removed, fault: None, events: 0 }
    }

    /// The address that links to pages begin with.
    pub fn public_url(&self) -> &'a str {
        self.context.public_url()
    }

    /// Makes a cached document, or changes it if it was `before`.
    pub fn put<T: Serialize + DeserializeOwned + 'a>(
        &mut self,
        documents: &'a DocumentCache<T>,
        key: &str,
        before: Option<&Document<T>>,
        value: T,
    ) -> &mut Self {
        let place = self.change.documents.len();
        let expected = before.map_or(Expected::Absent, |document| Expected::Revision(document.revision));
        self.document(documents.collection(), key.as_bytes(), expected, Some(&value));
        let key = key.to_owned();
        self.follow.push(Box::new(move |changed| {
            let revision = changed.revisions.get(place).copied().unwrap_or(1);
            documents.follow(key, Some((revision, changed.at, value)));
        }));
        self
    }

    /// Removes a cached document.
    pub fn remove<T: Serialize + DeserializeOwned + 'a>(
        &mut self,
        documents: &'a DocumentCache<T>,
        before: &Document<T>,
    ) -> &mut Self {
        let (key, expected) = (before.key.clone(), Expected::Revision(before.revision));
        let account = named_account(&to_json(&before.value));
        self.removed.extend(account.map(|account| (self.change.documents.len(), account)));
        self.document::<T>(documents.collection(), key.as_bytes(), expected, None);
        self.follow.push(Box::new(move |_| documents.follow(key, None)));
        self
    }

    /// Makes, changes or removes a document that is not cached.
    pub fn document<T: Serialize>(
        &mut self,
        collection: Collection,
        key: &[u8],
        expected: Expected,
        value: Option<&T>,
    ) -> &mut Self {
        let sealed = value.map(|value| self.context.sealer.seal(collection, key, to_json(value))).transpose();
        let body = sealed.unwrap_or_else(|problem| {
            self.fault = Some(problem);
            None
        });
        self.change.documents.push(DocumentChange { collection, key: key.to_vec(), expected, body });
        self
    }

    /// Makes, changes or removes documents that are not cached.
    pub fn documents(&mut self, changes: Vec<DocumentChange>) -> &mut Self {
        self.change.documents.extend(changes);
        self
    }

    /// Gives an account its books, with its opening balance. The change is refused if the id has books already.
    pub fn account(&mut self, account: AccountChange) -> &mut Self {
        self.change.accounts.push(account);
        self
    }

    /// Makes durable what a configuration brings with it; the numbers are in the result.
    pub fn provision(&mut self, change: ProvisionChange) -> &mut Self {
        self.change.provision = Some(change);
        self
    }

    /// Posts a ledger entry.
    pub fn entry(&mut self, entry: EntryChange) -> &mut Self {
        self.change.entries.push(entry);
        self
    }

    /// Gives, uses or ends a bundle.
    pub fn bundle(&mut self, change: BundleChange) -> &mut Self {
        self.change.bundles.push(change);
        self
    }

    /// Pays commission out.
    pub fn payout(&mut self, payout: CommissionPayout) -> &mut Self {
        self.change.payouts.push(payout);
        self
    }

    /// Moves money from one wallet to another.
    pub fn transfer(&mut self, transfer: TransferChange) -> &mut Self {
        self.change.transfers.push(transfer);
        self
    }

    /// Changes a message.
    pub fn message(&mut self, change: MessageChange) -> &mut Self {
        self.change.messages.push(change);
        self
    }

    /// Notes in the audit log what is done to which resource, and its state before and after. Neither may hold a secret.
    pub fn note(
        &mut self,
        action: &str,
        resource: impl Into<String>,
        before: &Value,
        after: &Value,
    ) -> &mut Self {
        let note = self.audit_note(action, resource, before, after);
        self.audit(note)
    }

    /// A note of this caller and request, to be written elsewhere.
    pub fn audit_note(
        &self,
        action: &str,
        resource: impl Into<String>,
        before: &Value,
        after: &Value,
    ) -> AuditNote {
        let text = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
        AuditNote {
            actor: self.caller.actor.clone(),
            action: action.to_owned(),
            resource: resource.into(),
            before: text(before),
            after: text(after),
            request_id: self.caller.request_id.clone(),
        }
    }

    /// Writes a note into the audit log.
    pub fn audit(&mut self, note: AuditNote) -> &mut Self {
        self.change.audit.push(note);
        self
    }

    /// Makes the change once for this Idempotency-Key, however often it is asked for. `request` is the request with its
    /// method and path, by which a resend is told from another request under the same key. Each caller has keys of its own.
    pub fn once(&mut self, key: Option<&str>, request: &str) -> &mut Self {
        let Some(key) = key else { return self };
        self.change.request = Some(request_use(self.caller, key, request, key_expiry(self.context)));
        self
    }

    /// Writes down an event of this change, which is about an account or about the house. Its deliveries are queued once it is
    /// durable.
    pub fn emit<T: EventData>(&mut self, kind: EventType, account: Option<&str>, data: &T) -> &mut Self {
        assert_eq!(kind.family(), T::FAMILY, "an event's data is of another family");
        let at = now();
        // Those of one change keep their order.
        let id = match id_at("evt", UnixMicros(at.0.saturating_add(self.events))) {
            Ok(id) => id,
            Err(problem) => {
                self.fault = Some(problem);
                return self;
            }
        };
        let account = account.map(ToOwned::to_owned);
        let data = serde_json::to_value(data).unwrap_or_default();
        let by_account = account.as_deref().map(|account| format!("{}{id}", list_prefix(account)));
        let (kind, by_id) = (kind.name().to_owned(), id_key(&id));
        let record = EventRecord { id: id.clone(), kind, account, at: Time(at), data };
        self.document(EVENTS, by_id.as_bytes(), Expected::Absent, Some(&record));
        for key in by_account.into_iter().chain([new_key(&id)]) {
            self.document(EVENTS, key.as_bytes(), Expected::Absent, Some(&id));
        }
        self.events = self.events.saturating_add(1);
        if self.events == 1 {
            let wake = &self.context.event_wake;
            // A full channel means that it is awake.
            self.after_commit(move || {
                let _ = wake.get().map(|wake| wake.try_send(()));
            });
        }
        self
    }

    /// Has something done once the change is durable, after the caches follow it.
    pub fn after_commit(&mut self, then: impl FnOnce() + 'a) -> &mut Self {
        self.follow.push(Box::new(move |_| then()));
        self
    }

    /// The result of an earlier request with the same Idempotency-Key, if there was one. It is asked for by those who take
    /// something before the commit that the earlier request may have used up.
    pub fn replayed(&self) -> Result<Option<Changed>, Problem> {
        let Some(request) = &self.change.request else { return Ok(None) };
        let replayed = self.context.store().requests().replay(request, due());
        let replayed = replayed.map_err(|error| problem_of(&error))?;
        if replayed.is_some() {
            note_replayed(self.caller);
        }
        Ok(replayed)
    }

    /// Refuses the change where it is meant for another version of `account` than the present one. A repetition of an earlier
    /// request is not refused: it was done, and gets its answer.
    pub fn meant_for(&mut self, if_match: IfMatch, revision: u64) -> Result<&mut Self, Problem> {
        if if_match.0.is_some() && self.replayed()?.is_none() {
            if_match.check(revision)?;
        }
        Ok(self)
    }

    /// Makes it durable, and then changes the document caches. Waits for the commit.
    pub fn commit(self) -> Result<Changed, Problem> {
        let Self { context, caller, change, answer, follow, removed, fault, .. } = self;
        if let Some(problem) = fault {
            return Err(problem);
        }
        let (mut change, mut is_keyed) = (change, false);
        if let Some(keyed) = caller.keyed.as_ref().filter(|keyed| change.request.is_none() && keyed.claim()) {
            change.request = Some(keyed_use(context, caller, keyed));
            is_keyed = true;
        }
        // The caller is told at once when the outcome is not known; the caches follow when it is.
        let early = early_answer();
        change.on_doubt = DoubtNotice(Some(Box::new(move || early.give(outcome_unknown()))));
        let notes = u64::try_from(change.audit.len()).unwrap_or(u64::MAX);
        let touched = Touched::by(context, &change, &removed);
        context.core.books.committer.change(change);
        let answered = answer.blocking_recv();
        let changed =
            answered.unwrap_or_else(|_| Err(Unavailable("the committer has stopped".to_owned()).into()));
        let changed = changed.map_err(|error| problem_of(&error))?;
        if changed.replayed {
            if is_keyed {
                return Err(already_done());
            }
            note_replayed(caller);
        } else {
            context.metrics.audit_notes.increment(notes);
            for follow in follow {
                follow(&changed);
            }
            context.hub.tell(touched.changes(&changed));
        }
        Ok(changed)
    }
}

/// The use of a key by a request, which is given as its method, path and body.
pub fn request_use(caller: &Caller, key: &str, request: &str, expires_at: UnixMicros) -> RequestUse {
    let (key, fingerprint) = (request_key(caller, key), fingerprint(request.as_bytes()));
    RequestUse { key, fingerprint, expires_at }
}

/// The use of a request's key. Its fingerprint says nothing of the body, which may hold a password, to whoever does not have
/// the key.
pub fn keyed_use(context: &Context, caller: &Caller, request: &KeyedRequest) -> RequestUse {
    let mut hash = Sha256::new();
    for part in [request.key.as_bytes(), request.head.as_bytes(), &request.body] {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    RequestUse {
        key: request_key(caller, &request.key),
        fingerprint: digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets)),
        expires_at: key_expiry(context),
    }
}

/// The time until which a key that is used now is remembered.
fn key_expiry(context: &Context) -> UnixMicros {
    let hours = u64::from(context.settings.api.idempotency_hours);
    UnixMicros(now().0.saturating_add(hours * MICROS_PER_HOUR))
}

fn note_replayed(caller: &Caller) {
    if let Some(keyed) = &caller.keyed {
        keyed.note_replayed();
    }
}

/// The key of a request in the books. Callers do not share keys.
fn request_key(caller: &Caller, key: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(caller.id.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    hash.finalize().to_vec()
}

/// The fingerprint of a request, which is kept on disk.
fn fingerprint(octets: &[u8]) -> u64 {
    let mut hasher = Fnv::default();
    hasher.write(octets);
    hasher.finish()
}
