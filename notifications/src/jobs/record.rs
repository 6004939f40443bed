//! A job as the books keep it, and when it is tried again.

use serde::{Deserialize, Serialize};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

use crate::post::{Posted, is_delivered};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Pauses after each failure of a webhook call; after the last one it is given up, most of a day later.
const WEBHOOK_PAUSES_SECONDS: &[u64] = &[1, 10, 60, 300, 900, 3_600, 7_200, 21_600, 43_200];
/// Pauses after each failure of a post to a webhook endpoint; after the last one it is given up, more than three days later.
const EVENT_PAUSES_SECONDS: &[u64] = &[1, 5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Pauses after each failure of an e-mail.
const EMAIL_PAUSES_SECONDS: &[u64] = &[5, 30, 120, 600, 3_600, 14_400, 43_200, 86_400, 86_400];
/// Pauses after each failure of a write.
const WRITE_PAUSES_SECONDS: &[u64] = &[1, 10, 60, 300];

/// A job that waits. Its key in the collection is its id, which a webhook call carries as the event's id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The work to be done.
    #[serde(flatten)]
    pub work: JobWork,
    /// It is not begun before this time.
    pub next_at: Time,
    /// Tries that have failed.
    pub failures: u32,
}

/// Work to be done. Written with the tag `way`, as it was when only alerts were queued.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum JobWork {
    /// Posts an event to the account's webhook, whose URL is looked up when it is posted.
    Webhook {
        /// The account's id.
        account: String,
        /// Body of the request.
        body: String,
    },
    /// Mails something about an account.
    Mail {
        /// The account's id.
        account: String,
        /// Subject of the e-mail.
        subject: String,
        /// Text of the e-mail.
        body: String,
        /// The address; none for the account's own, which is looked up when it is sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// Posts an event to a webhook endpoint, whose URL is looked up when it is posted.
    Event {
        /// The event's id.
        event: String,
        /// The endpoint's id.
        endpoint: String,
    },
    /// Posts an event to the house's webhook, which the configuration names.
    HouseWebhook {
        /// Body of the request.
        body: String,
    },
    /// Mails an alert to the house's e-mail address, which the configuration names.
    HouseMail {
        /// Subject of the e-mail.
        subject: String,
        /// Text of the e-mail.
        body: String,
    },
    /// Tells a user by e-mail that the password was changed.
    PasswordChanged {
        /// The address it goes to.
        email: String,
    },
    /// Sends the link that proves an address, or tells its owner that there is a user already.
    Registration {
        /// The person who has registered.
        registrant: Registrant,
        /// Id of the request, for the audit log.
        request_id: String,
    },
    /// Sends a token that sets a password, if a user has the address.
    PasswordReset {
        /// The address it goes to.
        email: String,
        /// Id of the request, for the audit log.
        request_id: String,
    },
    /// Sends a new user the token that sets the first password.
    Invitation {
        /// The user's id.
        user: String,
    },
    /// Writes down that a user is locked, so that a restart keeps it.
    LockUser {
        /// The user's id.
        user: String,
        /// End of the lock.
        until: Time,
        /// The network that it holds for.
        #[serde(default)]
        network: Option<String>,
    },
}

/// Somebody who has registered and has not proven the address yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrant {
    /// The address, in lower case.
    pub email: String,
    /// Name of the user and of the account.
    pub name: String,
    /// A PHC string.
    pub password_hash: String,
}

/// The kinds of jobs. Each has a worker of its own, so that a slow server holds up its own kind alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Ends in an e-mail.
    Email,
    /// Ends in a call of a webhook.
    Webhook,
    /// Writes to the books.
    Write,
}

/// The failure of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFailure {
    /// For the log: no address, token or text of others.
    pub reason: String,
    /// True if another try would fail the same way.
    pub is_final: bool,
}

/// The end of the part of a job that waits for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDone {
    /// The HTTP status of the answer, where there was one.
    pub status: Option<u16>,
    /// The failure, if it has failed.
    pub failure: Option<JobFailure>,
}

impl JobDone {
    /// The end of a job without an HTTP status.
    pub fn of(done: Result<(), JobFailure>) -> Self {
        Self { status: None, failure: done.err() }
    }

    /// The answer of a webhook, which is good from 200 to 299.
    pub fn posted(posted: Posted) -> Self {
        let is_delivered = is_delivered(&posted);
        let status = posted.as_ref().ok().copied();
        let reason = || posted.map_or_else(|error| error, |status| format!("it was answered with {status}"));
        let failure = (!is_delivered).then(|| JobFailure { reason: reason(), is_final: false });
        Self { status, failure }
    }
}

impl JobKind {
    /// All kinds of jobs.
    pub const ALL: [Self; 3] = [Self::Email, Self::Webhook, Self::Write];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Write => "write",
        }
    }

    /// The threads that do work of this kind.
    pub fn workers(self) -> usize {
        match self {
            // Servers of others may be slow.
            Self::Webhook => 16,
            Self::Email | Self::Write => 1,
        }
    }

    fn pauses_seconds(self) -> &'static [u64] {
        match self {
            Self::Email => EMAIL_PAUSES_SECONDS,
            Self::Webhook => WEBHOOK_PAUSES_SECONDS,
            Self::Write => WRITE_PAUSES_SECONDS,
        }
    }
}

impl JobWork {
    /// The kind of this work.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::Webhook { .. } | Self::HouseWebhook { .. } | Self::Event { .. } => JobKind::Webhook,
            Self::Mail { .. }
            | Self::HouseMail { .. }
            | Self::PasswordChanged { .. }
            | Self::Registration { .. }
            | Self::PasswordReset { .. }
            | Self::Invitation { .. } => JobKind::Email,
            Self::LockUser { .. } => JobKind::Write,
        }
    }
}

impl JobWork {
    /// The account or the endpoint whose own server the work calls.
    pub fn called_server(&self) -> Option<&str> {
        match self {
            Self::Webhook { account, .. } => Some(account),
            Self::Event { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    fn pauses_seconds(&self) -> &'static [u64] {
        match self {
            Self::Event { .. } => EVENT_PAUSES_SECONDS,
            _ => self.kind().pauses_seconds(),
        }
    }
}

impl JobRecord {
    /// The job after one more failure; `None` if it is given up.
    pub fn after_failure(&self, now: UnixMicros) -> Option<Self> {
        let pauses = self.work.pauses_seconds();
        let pause = pauses.get(usize::try_from(self.failures).ok()?)?;
        let next_at = Time(UnixMicros(now.0.saturating_add(pause * MICROS_PER_SECOND)));
        Some(Self { next_at, failures: self.failures + 1, ..self.clone() })
    }
}

/// Contents may be secret and belong to others.
impl std::fmt::Debug for JobRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobRecord")
            .field("work", &self.work)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// Contents may be secret and belong to others.
impl std::fmt::Debug for JobWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JobWork({})", self.kind().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(work: JobWork) -> JobRecord {
        JobRecord { work, next_at: Time(UnixMicros(1_000_000)), failures: 0 }
    }

    #[test]
    fn a_webhook_call_is_tried_ten_times_within_a_day() {
        let now = UnixMicros(1_000_000);
        let mut job = record(JobWork::Webhook { account: "biz".to_owned(), body: String::new() });
        let mut tries = 1;
        while let Some(next) = job.after_failure(job.next_at.0) {
            assert!(next.next_at > job.next_at);
            assert_eq!(next.failures, job.failures + 1);
            (tries, job) = (tries + 1, next);
        }
        assert_eq!(tries, 10);
        assert!(job.next_at.0.0 - now.0 < 86_400_000_000);
    }

    #[test]
    fn an_event_is_tried_for_more_than_three_days() {
        let (event, endpoint) = ("evt_1".to_owned(), "whe_1".to_owned());
        let mut job = record(JobWork::Event { event, endpoint });
        let (mut tries, began) = (1, job.next_at.0.0);
        while let Some(next) = job.after_failure(job.next_at.0) {
            assert!(next.next_at > job.next_at);
            (tries, job) = (tries + 1, next);
        }
        assert_eq!(tries, 12);
        let days = (job.next_at.0.0 - began) / 86_400_000_000;
        assert_eq!(days, 3);
        assert_eq!(job.work.called_server(), Some("whe_1"));
    }

    #[test]
    fn an_email_is_tried_for_two_days() {
        let mut job = record(JobWork::PasswordChanged { email: "ann@example.com".to_owned() });
        let mut tries = 1;
        while let Some(next) = job.after_failure(job.next_at.0) {
            (tries, job) = (tries + 1, next);
        }
        assert_eq!(tries, 10);
        assert_eq!((job.next_at.0.0 - 1_000_000) / 86_400_000_000, 2);
    }

    #[test]
    fn what_an_earlier_version_has_queued_is_read() {
        let webhook = r#"{"account":"biz","way":"webhook","subject":"","body":"{}","next_at":"2026-11-21T08:00:00Z","failures":2}"#;
        let job: JobRecord = serde_json::from_str(webhook).unwrap();
        assert_eq!(job.work, JobWork::Webhook { account: "biz".to_owned(), body: "{}".to_owned() });
        assert_eq!(job.failures, 2);
        let mail = r#"{"account":"biz","way":"mail","subject":"low","body":"text","next_at":"2026-11-21T08:00:00Z","failures":0}"#;
        let job: JobRecord = serde_json::from_str(mail).unwrap();
        let (account, subject, body) = ("biz".to_owned(), "low".to_owned(), "text".to_owned());
        assert_eq!(job.work, JobWork::Mail { account, subject, body, to: None });
    }

    #[test]
    fn every_kind_of_work_is_read_as_it_was_written() {
        let registrant = Registrant {
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            password_hash: "$argon2id$".to_owned(),
        };
        let (email, user) = ("ann@example.com".to_owned(), "usr_1".to_owned());
        for work in [
            JobWork::PasswordChanged { email: email.clone() },
            JobWork::Registration { registrant, request_id: "req_1".to_owned() },
            JobWork::PasswordReset { email, request_id: "req_1".to_owned() },
            JobWork::Invitation { user: user.clone() },
            JobWork::Event { event: "evt_1".to_owned(), endpoint: "whe_1".to_owned() },
            JobWork::LockUser { user, until: Time(UnixMicros(5)), network: Some("192.0.2.7".to_owned()) },
        ] {
            let job = record(work);
            let text = serde_json::to_string(&job).unwrap();
            assert_eq!(serde_json::from_str::<JobRecord>(&text).unwrap(), job, "{text}");
        }
    }

    #[test]
    fn a_job_does_not_print_its_contents() {
        let job = record(JobWork::PasswordReset { email: "s3cret".to_owned(), request_id: String::new() });
        assert!(!format!("{job:?}").contains("s3cret"));
    }
}
