//! The jobs that wait.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::DeliveryAttempt;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::delivery_record::{JobEnd, MailRecord, mail_key};
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::handler::JobHandler;
use crate::change_set::ChangeSet;
use crate::collections::{EVENT_DELIVERIES, OUTBOX};
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::random;
use tollgate_notifications::jobs::claims::Claims;
use tollgate_notifications::jobs::record::{JobFailure, JobKind, JobRecord, JobWork};

/// Jobs that may wait. Beyond them none is queued until others are done.
const WAITING_MAX: usize = 100_000;
/// Jobs that a worker takes at once.
const TAKEN_MAX: usize = 20;

/// The queue. Producers write jobs into it, [`Workers`](super::workers::Workers) do them.
#[derive(Debug)]
pub struct JobQueue {
    context: Arc<Context>,
    documents: DocumentCache<JobRecord>,
    claims: Claims,
    wakes: Vec<Wake>,
}

/// Wakes one worker.
#[derive(Debug)]
struct Wake {
    kind: JobKind,
    sender: SyncSender<()>,
    receiver: Mutex<Option<Receiver<()>>>,
}

impl Wake {
    fn new(kind: JobKind) -> Self {
        let (sender, receiver) = sync_channel(1);
        Self { kind, sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl JobQueue {
    /// With the jobs that were left when the process ended last.
    pub fn open(context: Arc<Context>) -> Result<Self, Unavailable> {
        let documents = DocumentCache::load(context.store(), OUTBOX)?;
        let kinds = JobKind::ALL.into_iter().flat_map(|kind| std::iter::repeat_n(kind, kind.workers()));
        let wakes: Vec<Wake> = kinds.map(Wake::new).collect();
        if let Some(writer) = wakes.iter().find(|wake| wake.kind == JobKind::Write) {
            // There is one queue in the process.
            let _ = context.event_wake.set(writer.sender.clone());
        }
        Ok(Self { context, documents, claims: Claims::default(), wakes })
    }

    /// False if too many jobs wait already.
    pub fn has_room(&self) -> bool {
        self.documents.len() < WAITING_MAX
    }

    /// Queues work in the commit of a change: both are durable, or neither.
    pub fn put<'a>(&'a self, change: &mut ChangeSet<'a>, work: JobWork) -> Answer<()> {
        self.put_as(change, &random::id_at("job", now())?, work);
        Ok(())
    }

    /// Queues work whose id others will see, such as that of an event, in the commit of a change.
    pub fn put_as<'a>(&'a self, change: &mut ChangeSet<'a>, id: &str, work: JobWork) {
        let (kind, at) = (work.kind(), now());
        if let Some(mut mail) = MailRecord::of(id, &work, at) {
            mail.to = mail.to.or_else(|| self.address_of(&work));
            change.document(EVENT_DELIVERIES, mail_key(id).as_bytes(), Expected::Absent, Some(&mail));
        }
        let record = JobRecord { work, next_at: Time(at), failures: 0 };
        change.put(&self.documents, id, None, record);
        change.after_commit(move || self.wake(kind));
    }

    /// The address that a mail for an account or the house goes to now.
    fn address_of(&self, work: &JobWork) -> Option<String> {
        match work {
            JobWork::Mail { account, to: None, .. } => {
                self.context.account(account)?.provisioned.contact.email.clone()
            }
            JobWork::HouseMail { .. } => self.context.settings.billing.house_email.clone(),
            _ => None,
        }
    }

    /// Queues work in a commit of its own, without an audit note: a job is nobody's change until it is done.
    pub fn add(&self, work: JobWork) -> Answer<()> {
        let system = Caller::system();
        let mut change = self.context.change(&system);
        self.put(&mut change, work)?;
        change.commit().map(drop)
    }

    /// Wakes the workers of a kind.
    pub fn wake(&self, kind: JobKind) {
        for wake in self.wakes.iter().filter(|wake| wake.kind == kind) {
            // A full channel means that it is awake.
            let _ = wake.sender.try_send(());
        }
    }

    /// The ends of the channels that the workers of a kind wait on; given out once.
    pub(super) fn wakes_of(&self, kind: JobKind) -> Vec<Receiver<()>> {
        let wakes = self.wakes.iter().filter(|wake| wake.kind == kind);
        wakes.filter_map(|wake| wake.receiver.lock().take()).collect()
    }

    /// Takes a job that was due for one worker; false if another has it, or it was done meanwhile.
    pub(super) fn take(&self, job: &Document<JobRecord>) -> bool {
        let is_there = || self.documents.get(&job.key).is_some_and(|now| now.revision == job.revision);
        self.claims.take((&job.key, &job.value), now(), is_there)
    }

    /// Gives a job back that was taken.
    pub(super) fn release(&self, job: &Document<JobRecord>, has_failed: bool) {
        self.claims.release((&job.key, &job.value), has_failed, now());
    }

    /// The jobs of a kind that a worker may take now, longest due first, and the number of all that wait.
    pub(super) fn due(&self, kind: JobKind, now: UnixMicros) -> (Vec<Arc<Document<JobRecord>>>, usize) {
        let all = self.documents.filter(|document| document.value.work.kind() == kind);
        let waiting = all.len();
        let is_due = |job: &Document<JobRecord>| {
            job.value.next_at.0 <= now && self.claims.is_free((&job.key, &job.value), now)
        };
        let mut due: Vec<_> = all.into_iter().filter(|document| is_due(document)).collect();
        due.sort_by_key(|document| document.value.next_at);
        due.truncate(TAKEN_MAX);
        (due, waiting)
    }

    /// The number of jobs that wait for the server of an endpoint.
    pub fn waiting_for(&self, endpoint: &str) -> usize {
        let is_of = |job: &Document<JobRecord>| job.value.work.called_server() == Some(endpoint);
        self.documents.filter(is_of).len()
    }

    /// Queues work anew, or has it done now where it waits already.
    pub fn put_again<'a>(&'a self, change: &mut ChangeSet<'a>, id: &str, work: JobWork) {
        let (kind, before) = (work.kind(), self.documents.get(id));
        let record = JobRecord { work, next_at: Time(now()), failures: 0 };
        change.put(&self.documents, id, before.as_deref(), record);
        change.after_commit(move || self.wake(kind));
    }

    /// Removes a job that was done or is given up, or notes when it is tried again. True if it is given up.
    pub(super) fn finish(
        &self,
        handler: &dyn JobHandler,
        document: &Document<JobRecord>,
        (attempt, failure): (Option<DeliveryAttempt>, Option<&JobFailure>),
    ) -> Answer<bool> {
        let next = match failure {
            Some(failure) if !failure.is_final => document.value.after_failure(now()),
            _ => None,
        };
        let is_given_up = failure.is_some() && next.is_none();
        let end = match attempt {
            None => JobEnd::Nothing,
            Some(attempt) if failure.is_none() => JobEnd::Done(attempt),
            Some(attempt) => JobEnd::Failed(attempt, next.as_ref().map(|next| next.next_at)),
        };
        let system = Caller::system();
        let mut change = self.context.change(&system);
        match next {
            Some(next) => change.put(&self.documents, &document.key, Some(document), next),
            None => change.remove(&self.documents, document),
        };
        handler.note(&mut change, document, &end)?;
        change.commit()?;
        Ok(is_given_up)
    }
}
