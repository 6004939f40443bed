//! Deliveries as the books keep them: of an event to an endpoint, and of a mail.

use serde::{Deserialize, Serialize};
use tollgate_api::events::{DeliveryAttempt, DeliveryState, EventDelivery};
use tollgate_api::mails::{Mail, MailKind};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use crate::jobs::record::JobWork;

/// Prefix of the keys of deliveries, by event and endpoint.
pub const BY_EVENT: &str = "d/";
/// Prefix of the keys of mails.
pub const MAILS: &str = "m/";
/// Prefix of the keys of deliveries that have no job yet, because too many of their endpoint's wait, by endpoint and event.
pub const HELD: &str = "h/";

/// Tries that are kept of one delivery.
const LOG_MAX: usize = 20;

/// The progress of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLog {
    /// The state of it.
    pub state: DeliveryState,
    /// The number of all tries.
    pub attempts: u32,
    /// The time of the next try.
    pub next_attempt_at: Option<Time>,
    /// The latest tries.
    pub log: Vec<DeliveryAttempt>,
    /// The time at which it was queued first.
    pub created_at: Time,
}

/// The end of one round of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// It was done.
    Done(DeliveryAttempt),
    /// It has failed, and is tried again then or given up.
    Failed(DeliveryAttempt, Option<Time>),
    /// There was nothing to do.
    Nothing,
}

impl DeliveryLog {
    /// Of a delivery that is queued now.
    pub fn begin(now: UnixMicros) -> Self {
        let at = Time(now);
        Self {
            state: DeliveryState::Waiting,
            attempts: 0,
            next_attempt_at: Some(at),
            log: Vec::new(),
            created_at: at,
        }
    }

    /// Notes that it is queued again.
    pub fn again(&mut self, now: UnixMicros) {
        (self.state, self.next_attempt_at) = (DeliveryState::Waiting, Some(Time(now)));
    }

    /// Notes the end of one round.
    pub fn note(&mut self, end: &JobEnd) {
        let (state, next, attempt) = match end {
            JobEnd::Done(attempt) => (DeliveryState::Delivered, None, Some(attempt)),
            JobEnd::Failed(attempt, Some(next)) => (DeliveryState::Waiting, Some(*next), Some(attempt)),
            JobEnd::Failed(attempt, None) => (DeliveryState::Failed, None, Some(attempt)),
            JobEnd::Nothing => (DeliveryState::Cancelled, None, None),
        };
        (self.state, self.next_attempt_at) = (state, next);
        if let Some(attempt) = attempt {
            self.attempts = self.attempts.saturating_add(1);
            self.log.push(attempt.clone());
            let beyond = self.log.len().saturating_sub(LOG_MAX);
            self.log.drain(..beyond);
        }
    }
}

/// The delivery of an event to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The event that is delivered.
    pub event: String,
    /// The name of its type.
    pub event_type: String,
    /// The endpoint that it is for.
    pub endpoint: String,
    /// The progress of it.
    #[serde(flatten)]
    pub progress: DeliveryLog,
}

impl DeliveryRecord {
    /// As it is shown.
    pub fn view(self) -> EventDelivery {
        EventDelivery {
            event: self.event,
            event_type: self.event_type,
            endpoint: self.endpoint,
            state: self.progress.state,
            attempts: self.progress.attempts,
            next_attempt_at: self.progress.next_attempt_at,
            log: self.progress.log,
            created_at: self.progress.created_at,
        }
    }
}

/// The delivery of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// The id of it, which is that of its job.
    pub id: String,
    /// The occasion of the mail.
    pub kind: MailKind,
    /// The account that it is for.
    pub account: Option<String>,
    /// The address that it goes to, where that is known.
    pub to: Option<String>,
    /// The subject, where that is known.
    pub subject: Option<String>,
    /// The work by which it is sent again; `None` once that is forgotten.
    pub work: Option<JobWork>,
    /// The progress of it.
    #[serde(flatten)]
    pub progress: DeliveryLog,
}

impl MailRecord {
    /// Of work that ends in a mail; `None` of other work.
    pub fn of(id: &str, work: &JobWork, now: UnixMicros) -> Option<Self> {
        let (kind, account, to, subject) = match work {
            JobWork::Mail { account, subject, to, .. } => {
                (MailKind::Account, Some(account.clone()), to.clone(), Some(subject.clone()))
            }
            JobWork::HouseMail { subject, .. } => (MailKind::House, None, None, Some(subject.clone())),
            JobWork::PasswordChanged { email } => {
                (MailKind::PasswordChanged, None, Some(email.clone()), None)
            }
            JobWork::Registration { registrant, .. } => {
                (MailKind::Registration, None, Some(registrant.email.clone()), None)
            }
            JobWork::PasswordReset { email, .. } => {
                (MailKind::PasswordReset, None, Some(email.clone()), None)
            }
            JobWork::Invitation { .. } => (MailKind::Invitation, None, None, None),
            JobWork::Webhook { .. }
            | JobWork::HouseWebhook { .. }
            | JobWork::Event { .. }
            | JobWork::LockUser { .. } => return None,
        };
        let (id, work) = (id.to_owned(), Some(work.clone()));
        Some(Self { id, kind, account, to, subject, work, progress: DeliveryLog::begin(now) })
    }

    /// As it is shown.
    pub fn view(self) -> Mail {
        Mail {
            id: self.id,
            kind: self.kind,
            account: self.account,
            to: self.to,
            subject: self.subject,
            state: self.progress.state,
            attempts: self.progress.attempts,
            next_attempt_at: self.progress.next_attempt_at,
            log: self.progress.log,
            created_at: self.progress.created_at,
        }
    }
}

/// The prefix of the keys of an event's deliveries.
pub fn event_prefix(event: &str) -> String {
    format!("{BY_EVENT}{event}/")
}

/// The key of a delivery.
pub fn delivery_key(event: &str, endpoint: &str) -> String {
    format!("{}{endpoint}", event_prefix(event))
}

/// The prefix of the keys of the ids of events that were for an endpoint.
pub fn endpoint_prefix(endpoint: &str) -> String {
    format!("e/{endpoint}/")
}

/// The key under which lists of an endpoint find a delivery.
pub fn endpoint_key(endpoint: &str, event: &str) -> String {
    format!("{}{event}", endpoint_prefix(endpoint))
}

/// The prefix of the keys of an endpoint's deliveries without a job.
pub fn held_prefix(endpoint: &str) -> String {
    format!("{HELD}{endpoint}/")
}

/// The key of a delivery without a job.
pub fn held_key(endpoint: &str, event: &str) -> String {
    format!("{}{event}", held_prefix(endpoint))
}

/// The key of a mail.
pub fn mail_key(id: &str) -> String {
    format!("{MAILS}{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(status: u16, error: Option<&str>) -> DeliveryAttempt {
        let at = Time(UnixMicros(1));
        DeliveryAttempt { at, status: Some(status), latency_ms: 3, error: error.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_delivery_goes_from_waiting_to_its_end_and_may_begin_again() {
        let mut log = DeliveryLog::begin(UnixMicros(1));
        let next = Time(UnixMicros(9));
        log.note(&JobEnd::Failed(attempt(500, Some("no")), Some(next)));
        assert_eq!((log.state, log.next_attempt_at), (DeliveryState::Waiting, Some(next)));
        log.note(&JobEnd::Failed(attempt(500, Some("no")), None));
        assert_eq!((log.state, log.next_attempt_at, log.attempts), (DeliveryState::Failed, None, 2));
        log.again(UnixMicros(20));
        assert_eq!(log.state, DeliveryState::Waiting);
        log.note(&JobEnd::Done(attempt(200, None)));
        assert_eq!((log.state, log.attempts, log.log.len()), (DeliveryState::Delivered, 3, 3));
        log.note(&JobEnd::Nothing);
        assert_eq!((log.state, log.attempts), (DeliveryState::Cancelled, 3));
    }

    #[test]
    fn the_latest_tries_are_kept() {
        let mut log = DeliveryLog::begin(UnixMicros(1));
        for status in 400..450 {
            log.note(&JobEnd::Failed(attempt(status, None), Some(Time(UnixMicros(1)))));
        }
        assert_eq!((log.attempts, log.log.len()), (50, LOG_MAX));
        assert_eq!(log.log.last().unwrap().status, Some(449));
    }

    #[test]
    fn a_mails_log_is_read_as_it_was_written() {
        let work = JobWork::PasswordReset { email: "a@b.example".to_owned(), request_id: String::new() };
        let record = MailRecord::of("job_1", &work, UnixMicros(5)).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<MailRecord>(&text).unwrap(), record);
        assert!(
            MailRecord::of("job_1", &JobWork::HouseWebhook { body: String::new() }, UnixMicros(5)).is_none()
        );
    }
}
