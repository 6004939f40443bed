//! Coming in: sessions of users, who is locked out, and the passwords and tokens behind it.
//!
//! An access token names a session and a user, and both are looked up for every request: who logs out, is disabled or
//! loses a role is out with the next request, whatever the token says.

pub mod by_mail;
pub mod first_admin;
pub mod hashing;
pub mod lockout;
pub mod pace;
pub mod records;
pub mod rules;
mod sessions;
pub mod tokens;

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{
    AuthService, Login, Logout, MailPromise, PasswordChange, Refresh, Registration, ResetConfirmation,
    ResetRequest, Tokens, Verified,
};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::users::User;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::{Store, Unavailable};

use crate::Office;
use crate::collections::SECRETS;
use crate::documents::Document;
use crate::jobs::Job;
use crate::notifications::mail::texts;
use hashing::Hashing;
use lockout::{Attempt, Lockouts, Verdict};
use pace::Pace;
use records::UserRecord;
use sessions::{new_refresh_token, session_of};
use tokens::{KEY_OCTETS, Signer};

/// The key that access tokens are signed with, among the secrets.
const SIGNING_KEY: &[u8] = b"access_token_key";

/// What coming in needs beside the books.
#[derive(Debug, Default)]
pub struct People {
    signer: OnceLock<Signer>,
    pub(crate) lockouts: Lockouts,
    pub(crate) hashing: Hashing,
    pub(crate) pace: Pace,
    /// Held by whoever looks whether an address is free, or an admin the last one, until that is durable.
    pub(crate) turn: Mutex<()>,
}

/// What the daemon has made for itself.
#[derive(Serialize, Deserialize)]
struct SecretRecord {
    octets: Vec<u8>,
}

impl People {
    /// With the signing key of the books, where they have one already.
    pub fn open(store: &Store) -> Result<Self, Unavailable> {
        let people = Self::default();
        if let Some(row) = store.documents().get(SECRETS, SIGNING_KEY)? {
            let key = serde_json::from_slice(&row.body).ok().and_then(|record| key_of(&record));
            let key = key.ok_or_else(|| Unavailable("the key of access tokens is damaged".to_owned()))?;
            // Nobody else knows of it yet.
            let _ = people.signer.set(Signer::new(&key));
        }
        Ok(people)
    }
}

fn key_of(record: &SecretRecord) -> Option<[u8; KEY_OCTETS]> {
    record.octets.as_slice().try_into().ok()
}

/// The one answer to unknown addresses, wrong passwords and locked users.
fn invalid_credentials() -> Problem {
    Problem::invalid_credentials(
        "the e-mail address or the password is wrong, or the user is locked for a while",
    )
}

fn session_over() -> Problem {
    Problem::unauthenticated("the session is over; log in again")
}

impl AuthService for Office {
    fn register(&self, request_id: &str, registration: Registration) -> Answer<MailPromise> {
        self.take_registration(request_id, &registration)
    }

    fn login(&self, request_id: &str, login: &Login) -> Answer<Tokens> {
        let email = login.email.trim().to_ascii_lowercase();
        let user = self.user_of_email(&email);
        self.check_password(&email, user.as_deref(), &login.password)?;
        let user = user.filter(|user| !user.value.disabled).ok_or_else(invalid_credentials)?;
        self.begin_session(&user, request_id)
    }

    fn refresh(&self, request_id: &str, refresh: &Refresh) -> Answer<Tokens> {
        let now = now();
        let id = session_of(&refresh.refresh_token).ok_or_else(session_over)?;
        let session = self.sessions.get(&id).filter(|session| session.value.expires_at.0 > now);
        let session = session.ok_or_else(session_over)?;
        let user = self.users.get(&session.value.user).filter(|user| !user.value.disabled);
        let user = user.ok_or_else(session_over)?;
        let caller = records::caller(&user.key, &user.value, Some(&id), request_id);
        if !tokens::has_hash(&refresh.refresh_token, &session.value.refresh_hash) {
            // Used before: either this one was stolen, or its successor was. Nobody can tell, so both are out.
            let mut work = self.context.change(&caller);
            work.remove(&self.sessions, &session);
            work.note(
                "auth.refresh_reused",
                format!("user/{}", user.key),
                &Value::Null,
                &json!({ "session": id }),
            );
            work.commit()?;
            return Err(session_over());
        }
        let secret = new_refresh_token(&id)?;
        let record = self.session_record(&user.key, &secret, now);
        let mut work = self.context.change(&caller);
        work.put(&self.sessions, &id, Some(&session), record);
        work.commit()?;
        self.tokens(&user, &id, secret, now)
    }

    fn logout(&self, caller: &Caller, logout: &Logout) -> Answer<()> {
        let own = caller.session.as_deref();
        let ended = self.sessions.filter(|session| {
            session.value.user == caller.id && (logout.everywhere || Some(session.key.as_str()) == own)
        });
        if ended.is_empty() {
            return Ok(());
        }
        let mut work = self.context.change(caller);
        for session in &ended {
            work.remove(&self.sessions, session);
        }
        let after = json!({ "sessions_ended": ended.len() });
        work.note("auth.logout", format!("user/{}", caller.id), &Value::Null, &after);
        work.commit().map(drop)
    }

    fn change_password(&self, caller: &Caller, change: &PasswordChange) -> Answer<()> {
        let user = self.users.get(&caller.id).ok_or_else(session_over)?;
        self.check_password(&user.value.email, Some(&user), &change.current_password)?;
        rules::password(&change.new_password, &user.value.email, "new_password")?;
        if change.new_password == change.current_password {
            return Err(Problem::field("new_password", "is the current one"));
        }
        let hash = self.people.hashing.hash(&change.new_password)?;
        let _turn = self.people.turn.lock();
        let user = self.users.get(&caller.id).ok_or_else(session_over)?;
        let own = caller.session.as_deref();
        let others = self
            .sessions
            .filter(|session| session.value.user == caller.id && Some(session.key.as_str()) != own);
        let record = UserRecord { password_hash: Some(hash.as_str().to_owned()), ..user.value.clone() };
        let mut work = self.context.change(caller);
        work.put(&self.users, &user.key, Some(&user), record);
        for session in &others {
            work.remove(&self.sessions, session);
        }
        let after = json!({ "sessions_ended": others.len() });
        work.note("user.change_password", format!("user/{}", user.key), &Value::Null, &after);
        work.commit()?;
        self.mailer.send(&user.value.email, texts::password_changed(&self.context.settings.api.public_url));
        Ok(())
    }

    fn request_reset(&self, request_id: &str, reset: ResetRequest) -> Answer<MailPromise> {
        self.take_reset_request(request_id, &reset)
    }

    fn confirm_reset(&self, request_id: &str, confirmation: &ResetConfirmation) -> Answer<()> {
        self.reset_password(request_id, confirmation)
    }

    fn verify_email(&self, request_id: &str, token: &str) -> Answer<Verified> {
        self.finish_registration(request_id, token)
    }

    fn me(&self, caller: &Caller) -> Answer<User> {
        self.users.get(&caller.id).map(|user| records::view(&user)).ok_or_else(session_over)
    }
}

impl Office {
    /// The user who has this address, which is in lower case.
    pub(crate) fn user_of_email(&self, email: &str) -> Option<Arc<Document<UserRecord>>> {
        self.users.find(|user| user.value.email == email)
    }

    /// Who has this access token, if it holds: from memory alone.
    pub(crate) fn caller_of_access_token(&self, token: &str, request_id: &str) -> Option<Caller> {
        let now = now();
        let claims = self.people.signer.get()?.read(token, now)?;
        let session = self.sessions.get(&claims.sid)?;
        if session.value.user != claims.sub || session.value.expires_at.0 <= now {
            return None;
        }
        let user = self.users.get(&claims.sub).filter(|user| !user.value.disabled)?;
        Some(records::caller(&user.key, &user.value, Some(&claims.sid), request_id))
    }

    /// Checks a password and counts a failure. Who is unknown or locked costs the same work and gets the same answer.
    fn check_password(&self, email: &str, user: Option<&Document<UserRecord>>, password: &str) -> Answer<()> {
        let hash = user.and_then(|user| user.value.hash());
        let matches = self.people.hashing.verify(hash.as_ref(), password)?;
        let locked_until = user.and_then(|user| user.value.locked_until).map(|until| until.0);
        let attempt = Attempt { email, is_known: user.is_some(), matches, locked_until };
        let verdict = self.people.lockouts.judge(attempt, now());
        self.context.metrics.password(verdict);
        match verdict {
            Verdict::Granted => Ok(()),
            Verdict::Refused => Err(invalid_credentials()),
            Verdict::Locked(until) => {
                if let Some(user) = user {
                    // Written later, so that the answer takes no longer than for somebody unknown. It holds already.
                    self.jobs.give(Job::Lock { user: user.key.clone(), until });
                }
                Err(invalid_credentials())
            }
        }
    }

    /// Writes down that a user is locked, so that a restart keeps it.
    pub(crate) fn write_lock(&self, user: &str, until: UnixMicros) -> Answer<()> {
        let _turn = self.people.turn.lock();
        let Some(user) = self.users.get(user) else { return Ok(()) };
        let record = UserRecord { locked_until: Some(Time(until)), ..user.value.clone() };
        let system = Caller::system();
        let mut work = self.context.change(&system);
        let (before, after) = (user.value.audited(), record.audited());
        work.put(&self.users, &user.key, Some(&user), record);
        work.note("user.lock", format!("user/{}", user.key), &before, &after);
        work.commit()?;
        tracing::warn!(user = %user.key, "a user is locked after too many failed logins");
        Ok(())
    }
}
