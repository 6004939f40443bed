//! What goes by mail: registration, and passwords that were forgotten.
//!
//! A request of somebody who is not logged in only leaves an errand behind. Whether the address is known shows in the mail
//! alone, neither in the answer nor in the time that it takes.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::accounts::{AccountPatch, AccountsService, NewAccount};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{MailPromise, Registration, ResetConfirmation, ResetRequest, Verified};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::users::UserRole;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;

use super::records;
use super::records::{MailTokenRecord, Purpose, UserRecord};
use super::rules;
use super::tokens::{Secret, hash_of};
use crate::Office;
use crate::documents::Document;
use crate::identity::random;
use crate::jobs::Job;
use crate::notifications::mail::texts;

/// How long the token of a registration or an invitation holds.
pub const DAY_MICROS: u64 = 86_400 * 1_000_000;
/// How long the token of a reset holds.
const HOUR_MICROS: u64 = 3_600 * 1_000_000;
/// Tokens that wait to be used. Beyond it nobody registers.
const TOKENS_MAX: usize = 10_000;
/// Characters of the id of an account that somebody registers, behind its prefix: short enough to bind with.
const ACCOUNT_CHARACTERS: usize = 10;

/// Somebody who has registered and not proven the address yet.
#[derive(Clone)]
pub struct Registrant {
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

impl std::fmt::Debug for Registrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registrant(…)")
    }
}

/// A new token and what is kept of it.
pub fn reset_token(user: &str, lifetime_micros: u64) -> Answer<(Secret, MailTokenRecord)> {
    let purpose = Purpose::Reset { user: user.to_owned() };
    Ok((Secret::new("")?, MailTokenRecord { purpose, expires_at: after(lifetime_micros) }))
}

fn after(micros: u64) -> Time {
    Time(UnixMicros(now().0.saturating_add(micros)))
}

fn system(request_id: &str) -> Caller {
    Caller { request_id: request_id.to_owned(), ..Caller::system() }
}

fn busy() -> Problem {
    Problem::unavailable("too many mails are waiting; try again").retry_after(10)
}

impl Office {
    /// A registration, as far as it is the same for everybody.
    pub(crate) fn take_registration(
        &self,
        request_id: &str,
        registration: &Registration,
    ) -> Answer<MailPromise> {
        if self.context.settings.api.registration_plan.is_none() {
            return Err(Problem::forbidden("nobody registers here by oneself; ask for an account"));
        }
        let email = rules::email(&registration.email, "email")?;
        let name = rules::name(&registration.name, "name")?;
        rules::password(&registration.password, &email, "password")?;
        if self.mail_tokens.len() >= TOKENS_MAX {
            return Err(busy());
        }
        let hash = self.people.hashing.hash(&registration.password)?;
        let registrant = Registrant { email, name, password_hash: hash.as_str().to_owned() };
        let job = Job::Register { registrant, request_id: request_id.to_owned() };
        if !self.jobs.give(job) {
            return Err(busy());
        }
        Ok(MailPromise { message: "a mail is on its way; open its link, then log in".to_owned() })
    }

    /// The errand of a registration.
    pub(crate) fn send_registration(&self, registrant: Registrant, request_id: &str) -> Answer<()> {
        let email = registrant.email.clone();
        if !self.people.pace.admits(&email, now()) {
            return Ok(());
        }
        let url = &self.context.settings.api.public_url;
        if self.user_of_email(&email).is_some() {
            self.mailer.send(&email, texts::known(url));
            return Ok(());
        }
        let secret = Secret::new("")?;
        let account = format!("biz_{}", random::text::<ACCOUNT_CHARACTERS>()?);
        let after_json = json!({ "email": email, "name": registrant.name, "account": account });
        let purpose = Purpose::Register {
            email: registrant.email,
            name: registrant.name,
            password_hash: registrant.password_hash,
            account,
        };
        let record = MailTokenRecord { purpose, expires_at: after(DAY_MICROS) };
        let caller = system(request_id);
        let mut work = self.context.change(&caller);
        work.put(&self.mail_tokens, &secret.hash, None, record);
        work.note("auth.register", "registration", &Value::Null, &after_json);
        work.commit()?;
        self.mailer.send(&email, texts::verify(url, &secret.text));
        Ok(())
    }

    /// Makes user and account of who has proven the address.
    pub(crate) fn finish_registration(&self, request_id: &str, token: &str) -> Answer<Verified> {
        let gone = || Problem::not_found("the link is not valid, was used, or is older than a day");
        let _turn = self.people.turn.lock();
        let document = self.mail_token(token).ok_or_else(gone)?;
        let Purpose::Register { email, name, password_hash, account } = document.value.purpose.clone() else {
            return Err(gone());
        };
        if self.user_of_email(&email).is_some() {
            return Err(Problem::already_exists("the address has a user already; log in"));
        }
        self.open_account(&account, &name, &email)?;
        let id = random::id("usr")?;
        let record = UserRecord {
            email: email.clone(),
            name,
            role: UserRole::Customer,
            account: Some(account.clone()),
            password_hash: Some(password_hash),
            disabled: false,
            email_verified: true,
            locked_until: None,
        };
        let caller = records::caller(&id, &record, None, request_id);
        let after_json = record.audited();
        let mut work = self.context.change(&caller);
        work.put(&self.users, &id, None, record);
        work.remove(&self.mail_tokens, &document);
        work.note("user.create", format!("user/{id}"), &Value::Null, &after_json);
        work.commit()?;
        Ok(Verified { email, account: Some(account) })
    }

    /// Makes the account of a registration, unless an earlier try at the same has.
    fn open_account(&self, id: &str, name: &str, email: &str) -> Answer<()> {
        if self.accounts.get(id).is_some() {
            return Ok(());
        }
        let plan = self.context.settings.api.registration_plan.clone();
        let plan = plan.ok_or_else(|| Problem::forbidden("nobody registers here by oneself any more"))?;
        let settings = AccountPatch {
            name: Some(name.to_owned()),
            email: Some(Some(email.to_owned())),
            ..AccountPatch::default()
        };
        let new = NewAccount {
            id: id.to_owned(),
            plan,
            settings,
            parent: None,
            opening_balance: None,
            password: None,
        };
        // Its SMPP password is known to nobody; the user makes another by `credentials/rotate`.
        self.account_service.create_account(&Caller::system(), new).map(drop)
    }

    /// That somebody has forgotten a password, as far as it is the same for everybody.
    pub(crate) fn take_reset_request(&self, request_id: &str, reset: &ResetRequest) -> Answer<MailPromise> {
        let email = rules::email(&reset.email, "email")?;
        if !self.jobs.give(Job::Reset { email, request_id: request_id.to_owned() }) {
            return Err(busy());
        }
        Ok(MailPromise { message: "a mail is on its way if somebody has this address".to_owned() })
    }

    /// The errand of a forgotten password.
    pub(crate) fn send_reset(&self, email: &str, request_id: &str) -> Answer<()> {
        let user = self.user_of_email(email).filter(|user| !user.value.disabled);
        let Some(user) = user else { return Ok(()) };
        if !self.people.pace.admits(email, now()) {
            return Ok(());
        }
        let (secret, record) = reset_token(&user.key, HOUR_MICROS)?;
        let caller = system(request_id);
        let mut work = self.context.change(&caller);
        work.put(&self.mail_tokens, &secret.hash, None, record);
        for earlier in self.reset_tokens_of(&user.key) {
            work.remove(&self.mail_tokens, &earlier);
        }
        work.note("auth.request_reset", format!("user/{}", user.key), &Value::Null, &Value::Null);
        work.commit()?;
        self.mailer.send(email, texts::reset(&self.context.settings.api.public_url, &secret.text));
        Ok(())
    }

    /// Sets a password by a token that came by mail.
    pub(crate) fn reset_password(&self, request_id: &str, confirmation: &ResetConfirmation) -> Answer<()> {
        let gone = || Problem::field("token", "is not valid, was used, or is too old; ask for another one");
        let user = self.reset_of(&confirmation.token).ok_or_else(gone)?;
        rules::password(&confirmation.password, &user.value.email, "password")?;
        let hash = self.people.hashing.hash(&confirmation.password)?;
        let _turn = self.people.turn.lock();
        // Somebody else may have used it meanwhile.
        let user = self.reset_of(&confirmation.token).ok_or_else(gone)?;
        let record = UserRecord {
            password_hash: Some(hash.as_str().to_owned()),
            email_verified: true,
            locked_until: None,
            ..user.value.clone()
        };
        let sessions = self.sessions.filter(|session| session.value.user == user.key);
        let caller = records::caller(&user.key, &user.value, None, request_id);
        let mut work = self.context.change(&caller);
        work.put(&self.users, &user.key, Some(&user), record);
        for session in &sessions {
            work.remove(&self.sessions, session);
        }
        for token in self.reset_tokens_of(&user.key) {
            work.remove(&self.mail_tokens, &token);
        }
        let after = json!({ "sessions_ended": sessions.len() });
        work.note("user.reset_password", format!("user/{}", user.key), &Value::Null, &after);
        work.commit()?;
        self.people.lockouts.clear(&user.value.email);
        self.mailer.send(&user.value.email, texts::password_changed(&self.context.settings.api.public_url));
        Ok(())
    }

    fn mail_token(&self, token: &str) -> Option<Arc<Document<MailTokenRecord>>> {
        self.mail_tokens.get(&hash_of(token)).filter(|document| document.value.expires_at.0 > now())
    }

    /// Whose password a token sets.
    fn reset_of(&self, token: &str) -> Option<Arc<Document<UserRecord>>> {
        let document = self.mail_token(token)?;
        let Purpose::Reset { user } = &document.value.purpose else { return None };
        self.users.get(user).filter(|user| !user.value.disabled)
    }

    /// Tokens with which the user's password can be set.
    pub(crate) fn reset_tokens_of(&self, user: &str) -> Vec<Arc<Document<MailTokenRecord>>> {
        self.mail_tokens
            .filter(|document| matches!(&document.value.purpose, Purpose::Reset { user: of } if of == user))
    }
}
