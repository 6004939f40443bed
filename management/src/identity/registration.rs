//! Registration: somebody asks for a user and an account, proves the address, and only then has them.
//!
//! A request only queues a job. Whether a user has the address already shows in the e-mail alone, neither in the answer nor in
//! the time that it takes. The job makes the token, so that none is kept in clear: each try makes another one.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::accounts::{AccountPatch, AccountsService, NewAccount};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{MailPromise, Registration, Verified};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::users::UserRole;
use tollgate_relay::passwords::Asker;
use tollgate_storage::clock::{now, steady};

use super::directory::UserDirectory;
use super::mail_limit::MailLimit;
use super::password_reset::{MailedToken, busy, expiry, system};
use super::passwords::Passwords;
use super::records::{MailTokenRecord, Purpose, UserRecord};
use super::tokens::{Secret, hash_of};
use super::{input, random, records};
use crate::accounts::Accounts;
use crate::context::Context;
use crate::documents::Document;
use crate::jobs::JobQueue;
use tollgate_notifications::jobs::record::{JobWork, Registrant};

/// Lifetime of the token of a registration.
const DAY_MICROS: u64 = 86_400 * 1_000_000;
/// Tokens that may wait to be used. Beyond them nobody registers.
const TOKENS_MAX: usize = 10_000;
/// Characters of the id of an account that is registered, behind its prefix: short enough to bind with.
const ACCOUNT_CHARACTERS: usize = 10;

/// Turns registrations into users with an account of their own.
pub struct Registrations {
    context: Arc<Context>,
    directory: Arc<UserDirectory>,
    passwords: Arc<Passwords>,
    limit: Arc<MailLimit>,
    accounts: Arc<Accounts>,
    jobs: Arc<JobQueue>,
}

impl std::fmt::Debug for Registrations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registrations").finish_non_exhaustive()
    }
}

/// The e-mail that a registration ends in.
#[derive(Debug)]
pub enum RegistrationMail {
    /// To be sent to an address that no user has.
    Confirm(MailedToken),
    /// To be sent to the owner of an address that a user has.
    AlreadyRegistered,
}

impl Registrations {
    /// Over the users of the directory; accounts are opened by this service.
    pub fn new(
        context: Arc<Context>,
        directory: Arc<UserDirectory>,
        passwords: Arc<Passwords>,
        limit: Arc<MailLimit>,
        accounts: Arc<Accounts>,
        jobs: Arc<JobQueue>,
    ) -> Self {
        Self { context, directory, passwords, limit, accounts, jobs }
    }

    /// The part that is the same for every address.
    pub fn begin(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        registration: &Registration,
    ) -> Answer<MailPromise> {
        let Some(plan) = &self.context.settings.api.registration_plan else {
            return Err(Problem::forbidden("registration is closed; ask for an account"));
        };
        if let Some(wanted) = registration.currency {
            let snapshot = self.context.core.snapshot.load();
            let currency = snapshot.tables.plan(plan).map(|table| table.plan.currency);
            if let Some(currency) = currency.filter(|currency| *currency != wanted.0) {
                return Err(Problem::field("currency", format!("accounts that register have {currency}")));
            }
        }
        let email = input::email(&registration.email, "email")?;
        let name = input::name(&registration.name, "name")?;
        input::password(&registration.password, &email, "password")?;
        if self.directory.mail_tokens.len() >= TOKENS_MAX || !self.jobs.has_room() {
            self.context.metrics.mails_dropped.increment(1);
            return Err(busy());
        }
        let password_hash =
            self.passwords.hash(Asker::login(peer, &email, false), "password", &registration.password)?;
        let registrant = Registrant { email, name, password_hash };
        self.jobs.add(JobWork::Registration { registrant, request_id: request_id.to_owned() })?;
        Ok(MailPromise { message: "a mail is on its way; open its link, then log in".to_owned() })
    }

    /// Makes the token that proves the address; `None` if no e-mail is to be sent. `is_first` is true at the first try.
    pub fn mail(
        &self,
        registrant: &Registrant,
        request_id: &str,
        is_first: bool,
    ) -> Answer<Option<RegistrationMail>> {
        let email = &registrant.email;
        if is_first && !self.limit.admits(email, steady()) {
            return Ok(None);
        }
        if self.directory.user_of_email(email).is_some() {
            return Ok(Some(RegistrationMail::AlreadyRegistered));
        }
        let secret = Secret::new("")?;
        let account = format!("biz_{}", random::text::<ACCOUNT_CHARACTERS>()?);
        let after = json!({ "email": email, "name": registrant.name, "account": account });
        let purpose = Purpose::Register {
            email: email.clone(),
            name: registrant.name.clone(),
            password_hash: registrant.password_hash.clone(),
            account,
        };
        let record = MailTokenRecord { purpose, expires_at: expiry(DAY_MICROS) };
        let caller = system(request_id);
        let mut change = self.context.change(&caller);
        change.put(&self.directory.mail_tokens, &secret.hash, None, record);
        if is_first {
            change.note("auth.register", "registration", &Value::Null, &after);
        }
        change.commit()?;
        Ok(Some(RegistrationMail::Confirm(MailedToken { email: email.clone(), token: secret.text })))
    }

    /// Makes user and account once the address is proven.
    pub fn confirm(&self, request_id: &str, token: &str) -> Answer<Verified> {
        let gone = || Problem::not_found("the link is not valid, was used, or is older than a day");
        let held = self.directory.lock();
        let document = self.token(token).ok_or_else(gone)?;
        let Purpose::Register { email, name, password_hash, account } = document.value.purpose.clone() else {
            return Err(gone());
        };
        if self.directory.user_of_email(&email).is_some() {
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
            disabled_by: None,
            email_verified: true,
            locked_until: None,
            locked_for: None,
        };
        let caller = records::caller(&id, &record, None, request_id);
        let after_json = record.audited();
        let mut work = self.context.change(&caller);
        // The token is removed with every other of the address.
        self.directory.put_user(&held, &mut work, &id, None, record, None);
        work.note("user.create", format!("user/{id}"), &Value::Null, &after_json);
        work.commit()?;
        Ok(Verified { email, account: Some(account) })
    }

    /// Makes the account of a registration, unless an earlier try at the same has.
    fn open_account(&self, id: &str, name: &str, email: &str) -> Answer<()> {
        if self.accounts.account(&Caller::system(), id).is_ok() {
            return Ok(());
        }
        let plan = self.context.settings.api.registration_plan.clone();
        let plan = plan.ok_or_else(|| Problem::forbidden("registration is closed"))?;
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
        self.accounts.create_account(&Caller::system(), new).map(drop)
    }

    fn token(&self, token: &str) -> Option<Arc<Document<MailTokenRecord>>> {
        self.directory.mail_tokens.get(&hash_of(token)).filter(|document| document.value.expires_at.0 > now())
    }
}
