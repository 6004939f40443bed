//! Users, as admins and resellers look after them.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::users::{NewUser, User, UserPatch, UserRole, UserSort, UsersQuery, UsersService};

use super::directory::UserDirectory;
use super::hashing::proven;
use super::passwords::Passwords;
use super::records::{UserRecord, view};
use super::user_changes::Ended;
use super::visibility::Visibility;
use super::{input, random};
use crate::context::Context;
use crate::documents::Document;
use crate::exclusive::Held;
use crate::jobs::JobQueue;
use tollgate_notifications::jobs::record::JobWork;

/// Highest number of users: they are kept in memory.
const USERS_MAX: usize = 100_000;

/// The service of users.
#[derive(Debug)]
pub struct Users {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    directory: Arc<UserDirectory>,
    passwords: Arc<Passwords>,
    jobs: Arc<JobQueue>,
}

impl UsersService for Users {
    fn users(&self, caller: &Caller, query: &UsersQuery) -> Answer<Page<User>> {
        let paging = query.paging()?;
        let search = query.search.as_ref().map(|text| text.to_lowercase());
        let mut users = self.directory.users.filter(|user| {
            let value = &user.value;
            query.role.is_none_or(|role| value.role == role)
                && query.account.as_ref().is_none_or(|account| value.account.as_ref() == Some(account))
                && query.disabled.is_none_or(|disabled| value.disabled == disabled)
                && search
                    .as_ref()
                    .is_none_or(|text| value.email.contains(text) || value.name.to_lowercase().contains(text))
                && self.sees(caller, value)
        });
        let sort = query.sort.unwrap_or_default();
        users.sort_by_cached_key(|user| sort_key(sort, user));
        if sort == UserSort::Newest {
            users.reverse();
        }
        let items = users.iter().map(|user| (sort_key(sort, user), view(user)));
        Ok(paging.page(items, |key, after| if sort == UserSort::Newest { key < after } else { key > after }))
    }

    fn user(&self, caller: &Caller, id: &str) -> Answer<Versioned<User>> {
        let user = self.seen_user(caller, id)?;
        Ok(Versioned::new(user.revision, view(&user)))
    }

    fn create_user(&self, caller: &Caller, new: NewUser) -> Answer<Versioned<User>> {
        let email = input::email(&new.email, "email")?;
        let name = input::name(&new.name, "name")?;
        if let Some(password) = &new.password {
            input::password(password, &email, "password")?;
        }
        let password_hash = match &new.password {
            Some(password) => Some(self.passwords.hash(proven(caller), "password", password)?),
            None => None,
        };
        let record = UserRecord {
            email,
            name,
            role: new.role,
            account: new.account,
            disabled: false,
            disabled_by: None,
            email_verified: password_hash.is_some(),
            password_hash,
            locked_until: None,
            locked_for: None,
        };
        self.check_place(caller, &record)?;
        let held = self.directory.lock();
        if self.directory.users.len() >= USERS_MAX {
            return Err(Problem::unprocessable(format!("there are {USERS_MAX} users already")));
        }
        self.check_email(&held, &record.email, None)?;
        let id = random::id("usr")?;
        let (is_invited, after) = (record.password_hash.is_none(), record.audited());
        let mut work = self.context.change(caller);
        self.directory.put_user(&held, &mut work, &id, None, record, None);
        if is_invited {
            self.jobs.put(&mut work, JobWork::Invitation { user: id.clone() })?;
        }
        work.note("user.create", format!("user/{id}"), &Value::Null, &after);
        work.commit()?;
        self.user(caller, &id)
    }

    fn change_user(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: UserPatch,
    ) -> Answer<Versioned<User>> {
        let held = self.directory.lock();
        let user = self.changeable_user(caller, id)?;
        if_match.check(user.revision)?;
        let mut record = user.value.clone();
        if let Some(email) = &patch.email {
            record.email = input::email(email, "email")?;
        }
        if let Some(name) = &patch.name {
            record.name = input::name(name, "name")?;
        }
        record.role = patch.role.unwrap_or(record.role);
        if let Some(account) = patch.account {
            record.account = account;
        }
        if let Some(disabled) = patch.disabled {
            record.disabled_by = caller.account().filter(|_| disabled).map(str::to_owned);
            record.disabled = disabled;
        }
        if (record.role, &record.account) != (user.value.role, &user.value.account) {
            self.check_place(caller, &record)?;
        }
        if record.email != user.value.email {
            self.check_email(&held, &record.email, Some(id))?;
        }
        if record.role != UserRole::Admin || record.disabled {
            self.check_last_admin(&held, &user)?;
        }
        let is_invited = is_invited_again(&user.value, &record);
        let (before, after) = (user.value.audited(), record.audited());
        let mut work = self.context.change(caller);
        self.directory.put_user(&held, &mut work, id, Some(&user), record, caller.session.as_deref());
        if is_invited {
            self.jobs.put(&mut work, JobWork::Invitation { user: id.to_owned() })?;
        }
        work.note("user.update", format!("user/{id}"), &before, &after);
        work.commit()?;
        self.user(&Caller::system(), id)
    }

    fn delete_user(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        let held = self.directory.lock();
        let user = self.changeable_user(caller, id)?;
        if_match.check(user.revision)?;
        self.check_last_admin(&held, &user)?;
        let keys = self.directory.api_keys.filter(|key| key.value.created_by == id);
        let mut work = self.context.change(caller);
        self.directory.remove_user(&held, &mut work, &user);
        for key in &keys {
            work.remove(&self.directory.api_keys, key);
            work.note("api_key.revoke", format!("api_key/{}", key.key), &key.value.audited(), &Value::Null);
        }
        work.note("user.delete", format!("user/{id}"), &user.value.audited(), &Value::Null);
        work.commit().map(drop)
    }

    fn unlock_user(&self, caller: &Caller, id: &str) -> Answer<Versioned<User>> {
        let held = self.directory.lock();
        let user = self.changeable_user(caller, id)?;
        self.passwords.forget_failures(&user.value.email);
        let record = UserRecord { locked_until: None, ..user.value.clone() };
        let mut work = self.context.change(caller);
        let before = json!({ "locked_until": user.value.locked_until });
        self.directory.put_user(&held, &mut work, id, Some(&user), record, None);
        work.note("user.unlock", format!("user/{id}"), &before, &json!({ "locked_until": null }));
        work.commit()?;
        self.user(caller, id)
    }
}

impl Users {
    /// Over the users of the directory.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        directory: Arc<UserDirectory>,
        passwords: Arc<Passwords>,
        jobs: Arc<JobQueue>,
    ) -> Self {
        Self { context, visibility, directory, passwords, jobs }
    }

    /// True if the caller may know of a user.
    fn sees(&self, caller: &Caller, user: &UserRecord) -> bool {
        caller.reaches_all()
            || user.role != UserRole::Admin
                && user.account.as_ref().is_some_and(|account| self.visibility.may_see(caller, account))
    }

    fn seen_user(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<UserRecord>>> {
        let user = self.directory.users.get(id).filter(|user| self.sees(caller, &user.value));
        user.ok_or_else(|| Problem::not_found(format!("there is no user `{id}`")))
    }

    /// Resellers look after customers, and not after one another.
    fn changeable_user(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<UserRecord>>> {
        let user = self.seen_user(caller, id)?;
        if !caller.reaches_all() && user.value.role != UserRole::Customer {
            return Err(Problem::forbidden("a reseller may change customers only"));
        }
        if user.value.disabled && !self.visibility.may_lift(caller, user.value.disabled_by.as_deref()) {
            return Err(Problem::forbidden(
                "the user was disabled by a level above your own, which alone changes it",
            ));
        }
        Ok(user)
    }

    /// Checks that the caller may give a user this role and account.
    fn check_place(&self, caller: &Caller, user: &UserRecord) -> Answer<()> {
        if !caller.reaches_all() && user.role != UserRole::Customer {
            return Err(Problem::forbidden("a reseller may create customers only"));
        }
        let Some(account) = &user.account else {
            return match user.role {
                UserRole::Admin => Ok(()),
                _ => Err(Problem::field("account", "is needed for everybody but admins")),
            };
        };
        if user.role == UserRole::Admin {
            return Err(Problem::field("account", "is to be null for an admin, who reaches every account"));
        }
        let unknown = |_| Problem::field("account", format!("there is no account `{account}`"));
        let place = self.visibility.visible_account(caller, account).map_err(unknown)?;
        if user.role == UserRole::Reseller && !place.provisioned.resale.is_reseller {
            return Err(Problem::field("account", format!("`{account}` is no reseller")));
        }
        Ok(())
    }

    /// Checks that no other user has this address.
    fn check_email(&self, _: &Held<UserDirectory>, email: &str, own: Option<&str>) -> Answer<()> {
        let other = self.directory.user_of_email(email).filter(|user| Some(user.key.as_str()) != own);
        if other.is_none() {
            return Ok(());
        }
        Err(Problem::already_exists("the e-mail address has a user already").and_field("email", "is taken"))
    }

    /// Checks that an admin is left: without one nobody could make another.
    fn check_last_admin(&self, _: &Held<UserDirectory>, user: &Document<UserRecord>) -> Answer<()> {
        let is_admin = |user: &UserRecord| user.role == UserRole::Admin && !user.disabled;
        let others = self.directory.users.find(|other| other.key != user.key && is_admin(&other.value));
        if is_admin(&user.value) && others.is_none() {
            return Err(Problem::wrong_state("this is the last admin"));
        }
        Ok(())
    }
}

/// True if a user who has not set a password yet is to be invited again, as a change ends the invitation of before.
fn is_invited_again(before: &UserRecord, after: &UserRecord) -> bool {
    after.password_hash.is_none()
        && !after.disabled
        && Ended::by_change(Some(before), Some(after)).password_tokens
}

/// Sort key of a list, different for any two users.
fn sort_key(sort: UserSort, user: &Document<UserRecord>) -> String {
    match sort {
        UserSort::Email => user.value.email.clone(),
        UserSort::Oldest | UserSort::Newest => format!("{:020} {}", user.created_at.0, user.key),
    }
}
