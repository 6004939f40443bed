//! Passwords that were forgotten, and first passwords of users who were invited.
//!
//! A request only queues a job. Whether a user has the address shows in the e-mail alone, neither in the answer nor in the
//! time that it takes. The job makes the token, so that none is kept in clear: each try makes another one.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{MailPromise, ResetConfirmation, ResetRequest};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::passwords::Asker;
use tollgate_storage::clock::{now, steady};

use super::directory::UserDirectory;
use super::mail_limit::MailLimit;
use super::passwords::Passwords;
use super::records::{MailTokenRecord, Purpose, UserRecord};
use super::tokens::{Secret, hash_of};
use super::{input, records};
use crate::context::Context;
use crate::documents::Document;
use crate::jobs::JobQueue;
use tollgate_notifications::jobs::record::JobWork;

/// Lifetime of the token of an invitation.
const DAY_MICROS: u64 = 86_400 * 1_000_000;
/// Lifetime of the token of a reset.
const HOUR_MICROS: u64 = 3_600 * 1_000_000;

/// Sets passwords by tokens that are sent by e-mail.
#[derive(Debug)]
pub struct PasswordResets {
    context: Arc<Context>,
    directory: Arc<UserDirectory>,
    passwords: Arc<Passwords>,
    limit: Arc<MailLimit>,
    jobs: Arc<JobQueue>,
}

/// A token that is to be sent to an address.
pub struct MailedToken {
    /// The address it is sent to.
    pub email: String,
    /// The token in clear.
    pub token: String,
}

/// Not printed: the token sets a password.
impl std::fmt::Debug for MailedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedToken(…)")
    }
}

/// The answer while too many jobs wait.
pub fn busy() -> Problem {
    Problem::unavailable("too many mails are waiting; try again").retry_after(10)
}

/// The end of a token's life.
pub fn expiry(lifetime_micros: u64) -> Time {
    Time(UnixMicros(now().0.saturating_add(lifetime_micros)))
}

/// The system as the caller, for the audit log under the id of the request that caused it.
pub fn system(request_id: &str) -> Caller {
    Caller { request_id: request_id.to_owned(), ..Caller::system() }
}

impl PasswordResets {
    /// Of the users of the directory.
    pub fn new(
        context: Arc<Context>,
        directory: Arc<UserDirectory>,
        passwords: Arc<Passwords>,
        limit: Arc<MailLimit>,
        jobs: Arc<JobQueue>,
    ) -> Self {
        Self { context, directory, passwords, limit, jobs }
    }

    /// The part that is the same for every address.
    pub fn begin(&self, request_id: &str, reset: &ResetRequest) -> Answer<MailPromise> {
        let email = input::email(&reset.email, "email")?;
        if !self.jobs.has_room() {
            self.context.metrics.mails_dropped.increment(1);
            return Err(busy());
        }
        self.jobs.add(JobWork::PasswordReset { email, request_id: request_id.to_owned() })?;
        Ok(MailPromise { message: "a mail is on its way if a user has this address".to_owned() })
    }

    /// Makes the token of a reset; `None` if no e-mail is to be sent. `is_first` is true at the first try.
    pub fn token(&self, email: &str, request_id: &str, is_first: bool) -> Answer<Option<MailedToken>> {
        // The address is still the user's when the token is durable.
        let _held = self.directory.lock();
        let user = self.directory.user_of_email(email).filter(|user| !user.value.disabled);
        let Some(user) = user else { return Ok(None) };
        if is_first && !self.limit.admits(email, steady()) {
            return Ok(None);
        }
        let note = is_first.then_some("auth.request_reset");
        self.new_token(&user, HOUR_MICROS, &system(request_id), note).map(Some)
    }

    /// Makes the token of an invitation; `None` if the user is gone or has a password.
    pub fn invitation(&self, user: &str) -> Answer<Option<MailedToken>> {
        let _held = self.directory.lock();
        let user = self.directory.users.get(user).filter(|user| user.value.password_hash.is_none());
        let Some(user) = user.filter(|user| !user.value.disabled) else { return Ok(None) };
        self.new_token(&user, DAY_MICROS, &Caller::system(), None).map(Some)
    }

    /// A token that sets the user's password, in place of all earlier ones.
    fn new_token(
        &self,
        user: &Document<UserRecord>,
        lifetime_micros: u64,
        caller: &Caller,
        note: Option<&str>,
    ) -> Answer<MailedToken> {
        let secret = Secret::new("")?;
        let purpose = Purpose::Reset { user: user.key.clone() };
        let record = MailTokenRecord { purpose, expires_at: expiry(lifetime_micros) };
        let mut change = self.context.change(caller);
        change.put(&self.directory.mail_tokens, &secret.hash, None, record);
        for earlier in self.directory.reset_tokens_of(&user.key) {
            change.remove(&self.directory.mail_tokens, &earlier);
        }
        if let Some(action) = note {
            change.note(action, format!("user/{}", user.key), &Value::Null, &Value::Null);
        }
        change.commit()?;
        Ok(MailedToken { email: user.value.email.clone(), token: secret.text })
    }

    /// Sets a password by a token that came by e-mail.
    pub fn confirm(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        confirmation: &ResetConfirmation,
    ) -> Answer<()> {
        let gone = || Problem::field("token", "is not valid, was used, or is too old; ask for another one");
        let user = self.user_of(&confirmation.token).ok_or_else(gone)?;
        input::password(&confirmation.password, &user.value.email, "password")?;
        let hash =
            self.passwords.hash(Asker::Proven(Arc::from(&*user.key)), "password", &confirmation.password)?;
        let held = self.directory.lock();
        // Another request may have used it meanwhile.
        let user = self.user_of(&confirmation.token).ok_or_else(gone)?;
        let record = UserRecord {
            password_hash: Some(hash),
            email_verified: true,
            locked_until: None,
            ..user.value.clone()
        };
        let caller = records::caller(&user.key, &user.value, None, request_id);
        let mut change = self.context.change(&caller);
        let ended = self.directory.put_user(&held, &mut change, &user.key, Some(&user), record, None);
        // The mail has proven who it is, as a login would have.
        self.directory.remember_network(&held, &mut change, &user.key, peer, now());
        let after = json!({ "sessions_ended": ended });
        change.note("user.reset_password", format!("user/{}", user.key), &Value::Null, &after);
        let notice = JobWork::PasswordChanged { email: user.value.email.clone() };
        self.jobs.put(&mut change, notice)?;
        change.commit()?;
        self.passwords.forget_failures(&user.value.email);
        Ok(())
    }

    /// The user whose password a token sets.
    fn user_of(&self, token: &str) -> Option<Arc<Document<UserRecord>>> {
        let document = self.directory.mail_tokens.get(&hash_of(token))?;
        if document.value.expires_at.0 <= now() {
            return None;
        }
        let Purpose::Reset { user } = &document.value.purpose else { return None };
        self.directory.users.get(user).filter(|user| !user.value.disabled)
    }
}
