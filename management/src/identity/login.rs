//! The service of logging in: sessions, registration, and passwords that are changed or were forgotten.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{
    AuthService, Login, Logout, MailPromise, PasswordChange, Refresh, Registration, ResetConfirmation,
    ResetRequest, Tokens, Verified,
};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::users::User;
use tollgate_storage::clock::now;

use super::directory::UserDirectory;
use super::hashing::proven;
use super::password_reset::PasswordResets;
use super::passwords::{Origin, Passwords, invalid_credentials};
use super::records::UserRecord;
use super::registration::Registrations;
use super::sessions::{Sessions, session_over};
use super::{input, records};
use crate::context::Context;
use crate::documents::Document;
use crate::jobs::JobQueue;
use tollgate_notifications::jobs::record::JobWork;

/// Joins the parts that logging in is made of.
#[derive(Debug)]
pub struct LoginService {
    /// The ground that changes are begun on.
    pub context: Arc<Context>,
    /// Users and their sessions.
    pub directory: Arc<UserDirectory>,
    /// Checks the passwords of users.
    pub passwords: Arc<Passwords>,
    /// Begins and ends sessions.
    pub sessions: Arc<Sessions>,
    /// Makes users of people who register.
    pub registrations: Arc<Registrations>,
    /// Sets passwords that were forgotten.
    pub password_resets: Arc<PasswordResets>,
    /// Takes the e-mails that follow a change.
    pub jobs: Arc<JobQueue>,
}

impl LoginService {
    /// The user whose password this is. Failures are counted.
    pub fn checked(&self, peer: Option<IpAddr>, login: &Login) -> Answer<Arc<Document<UserRecord>>> {
        let email = login.email.trim().to_ascii_lowercase();
        let user = self.directory.user_of_email(&email);
        let is_own_network = user.as_ref().is_some_and(|user| self.directory.knows(&user.key, peer, now()));
        let origin = Origin { peer, is_own_network };
        self.passwords.check(&email, user.as_deref(), &login.password, origin)?;
        user.filter(|user| !user.value.disabled).ok_or_else(invalid_credentials)
    }
}

impl AuthService for LoginService {
    fn register(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        registration: Registration,
    ) -> Answer<MailPromise> {
        self.registrations.begin(request_id, peer, &registration)
    }

    fn login(&self, request_id: &str, peer: Option<IpAddr>, login: &Login) -> Answer<Tokens> {
        self.sessions.begin(&*self.checked(peer, login)?, request_id, peer)
    }

    fn refresh(&self, request_id: &str, refresh: &Refresh) -> Answer<Tokens> {
        self.sessions.refresh(request_id, refresh)
    }

    fn logout(&self, caller: &Caller, logout: &Logout) -> Answer<()> {
        self.sessions.logout(caller, logout)
    }

    fn change_password(&self, caller: &Caller, change: &PasswordChange) -> Answer<()> {
        let user = self.directory.users.get(&caller.id).ok_or_else(session_over)?;
        // Whoever has a session is in.
        let origin = Origin { peer: caller.peer, is_own_network: true };
        self.passwords.check(&user.value.email, Some(&user), &change.current_password, origin)?;
        input::password(&change.new_password, &user.value.email, "new_password")?;
        if change.new_password == change.current_password {
            return Err(Problem::field("new_password", "is the current one"));
        }
        let hash = self.passwords.hash(proven(caller), "new_password", &change.new_password)?;
        let held = self.directory.lock();
        let checked = user.value.password_hash.as_ref();
        let user = self.directory.users.get(&caller.id).ok_or_else(session_over)?;
        if user.value.password_hash.as_ref() != checked {
            return Err(invalid_credentials());
        }
        let own = caller.session.as_deref();
        let record = UserRecord { password_hash: Some(hash), ..user.value.clone() };
        let mut work = self.context.change(caller);
        let ended = self.directory.put_user(&held, &mut work, &user.key, Some(&user), record, own);
        let after = json!({ "sessions_ended": ended });
        work.note("user.change_password", format!("user/{}", user.key), &Value::Null, &after);
        let notice = JobWork::PasswordChanged { email: user.value.email.clone() };
        self.jobs.put(&mut work, notice)?;
        work.commit().map(drop)
    }

    fn request_reset(&self, request_id: &str, reset: ResetRequest) -> Answer<MailPromise> {
        self.password_resets.begin(request_id, &reset)
    }

    fn confirm_reset(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        confirmation: &ResetConfirmation,
    ) -> Answer<()> {
        self.password_resets.confirm(request_id, peer, confirmation)
    }

    fn verify_email(&self, request_id: &str, token: &str) -> Answer<Verified> {
        self.registrations.confirm(request_id, token)
    }

    fn me(&self, caller: &Caller) -> Answer<User> {
        self.directory.users.get(&caller.id).map(|user| records::view(&user)).ok_or_else(session_over)
    }
}
