//! API keys: made, listed, revoked, and recognised for every request that brings one.
//!
//! A key holds as long as the user who made it is there and not disabled, and may never do more than that user may. One that
//! reaches a single account may do no more than a customer, whoever made it, and one that reaches a subtree no more than a
//! reseller: what is everybody's is not for it.

use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;
use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach, Role, Scope};
use tollgate_api::keys::{ApiKey, ApiKeysQuery, CreatedApiKey, KeysService, NewApiKey};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::rules::may_grant;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::texts;
use tollgate_storage::clock::now;

use super::directory::UserDirectory;
use super::records::KeyRecord;
use super::tokens::{Secret, has_hash};
use super::visibility::Visibility;
use super::{input, random, records};
use crate::context::Context;
use crate::documents::Document;

/// Addresses and blocks of one key.
const ALLOWED_IPS_MAX: usize = 100;
/// Keys that one user has made.
const KEYS_PER_USER_MAX: usize = 100;
/// Keys of one commit that writes down their last use.
const USES_MAX: usize = 500;

/// The last use of each key, until it is written to the books.
#[derive(Debug, Default)]
pub struct KeyUses(DashMap<String, UnixMicros>);

/// The service of API keys.
#[derive(Debug)]
pub struct ApiKeys {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    directory: Arc<UserDirectory>,
    uses: KeyUses,
}

impl KeysService for ApiKeys {
    fn api_keys(&self, caller: &Caller, query: &ApiKeysQuery) -> Answer<Page<ApiKey>> {
        let paging = query.paging()?;
        let keys = self.directory.api_keys.filter(|key| {
            let value = &key.value;
            query.account.as_ref().is_none_or(|account| value.account.as_ref() == Some(account))
                && query.created_by.as_ref().is_none_or(|user| value.created_by == *user)
                && self.sees_key(caller, value)
        });
        let items = keys.iter().map(|key| (key.key.clone(), self.key_view(key)));
        Ok(paging.page(items, |id, after| id > after))
    }

    fn api_key(&self, caller: &Caller, id: &str) -> Answer<ApiKey> {
        self.seen_key(caller, id).map(|key| self.key_view(&key))
    }

    fn create_api_key(&self, caller: &Caller, new: NewApiKey) -> Answer<CreatedApiKey> {
        let id = random::id("key")?;
        let secret = Secret::new(&format!("tg_{}_", id.trim_start_matches("key_")))?;
        let record = KeyRecord {
            name: input::name(&new.name, "name")?,
            scopes: scopes(caller, new.scopes)?,
            allowed_ips: blocks(&new.allowed_ips)?,
            account: new.account,
            include_subtree: new.include_subtree,
            expires_at: new.expires_at,
            created_by: caller.id.clone(),
            secret_hash: secret.hash,
            last_used_at: None,
        };
        self.check_key_reach(caller, &record)?;
        if record.expires_at.is_some_and(|expires_at| expires_at.0 <= now()) {
            return Err(Problem::field("expires_at", "is past"));
        }
        let _held = self.directory.lock();
        if self.directory.api_keys.filter(|key| key.value.created_by == caller.id).len() >= KEYS_PER_USER_MAX
        {
            return Err(Problem::unprocessable(format!(
                "one user has at most {KEYS_PER_USER_MAX} API keys; revoke some first"
            )));
        }
        let after = record.audited();
        let mut work = self.context.change(caller);
        work.put(&self.directory.api_keys, &id, None, record);
        work.note("api_key.create", format!("api_key/{id}"), &Value::Null, &after);
        work.commit()?;
        Ok(CreatedApiKey { api_key: self.api_key(caller, &id)?, key: Some(secret.text), note: None })
    }

    fn revoke_api_key(&self, caller: &Caller, id: &str) -> Answer<()> {
        let key = self.seen_key(caller, id)?;
        let maker = self.directory.users.get(&key.value.created_by).map(|user| Role::from(user.value.role));
        if maker.is_some_and(|maker| maker < caller.grade()) {
            return Err(Problem::forbidden("somebody of a higher role has made the key"));
        }
        let _held = self.directory.lock();
        // Its last use may have been written down meanwhile.
        let key = self.seen_key(caller, id)?;
        let mut work = self.context.change(caller);
        work.remove(&self.directory.api_keys, &key);
        work.note("api_key.revoke", format!("api_key/{id}"), &key.value.audited(), &Value::Null);
        work.commit()?;
        self.uses.0.remove(id);
        Ok(())
    }
}

impl ApiKeys {
    /// Over the keys of the directory.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, directory: Arc<UserDirectory>) -> Self {
        Self { context, visibility, directory, uses: KeyUses::default() }
    }

    /// The caller who has this API key, if it is valid: from memory alone. The use is noted.
    pub fn caller_of(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Option<Caller>> {
        let now = now();
        let Some(key) = self.key_of_token(token, now) else { return Ok(None) };
        let record = &key.value;
        let creator = self.directory.users.get(&record.created_by).filter(|user| !user.value.disabled);
        let Some(creator) = creator else { return Ok(None) };
        let user = records::caller(&creator.key, &creator.value, None, request_id);
        let Some(reach) = self.reach_of_key(&user, record) else { return Ok(None) };
        if !record.admits(peer) {
            return Err(Problem::forbidden("the API key is not to be used from this address"));
        }
        self.uses.0.insert(key.key.clone(), now);
        Ok(Some(Caller {
            actor: format!("key:{}", key.key),
            id: key.key.clone(),
            role: Role::Service,
            reach,
            scopes: Some(record.scopes.clone()),
            session: None,
            request_id: request_id.to_owned(),
            // That of the key itself is looked at with every caller's.
            peer,
            is_suspended: user.account().is_some_and(|account| self.visibility.is_suspended(account)),
            keyed: None,
        }))
    }

    fn key_of_token(&self, token: &str, now: UnixMicros) -> Option<Arc<Document<KeyRecord>>> {
        let (id, _) = token.strip_prefix("tg_")?.split_once('_')?;
        let key = self.directory.api_keys.get(&format!("key_{id}"))?;
        let holds = has_hash(token, &key.value.secret_hash)
            && key.value.expires_at.is_none_or(|expires_at| expires_at.0 > now);
        holds.then_some(key)
    }

    /// The accounts that a key of this user may see now; `None` if they are not all visible to the user.
    fn reach_of_key(&self, user: &Caller, key: &KeyRecord) -> Option<Reach> {
        let Some(account) = &key.account else { return user.reaches_all().then_some(Reach::All) };
        if !self.visibility.may_see(user, account) {
            return None;
        }
        let is_wide = key.include_subtree && !matches!(user.reach, Reach::Account(_));
        Some(if is_wide { Reach::Subtree(account.clone()) } else { Reach::Account(account.clone()) })
    }

    fn check_key_reach(&self, caller: &Caller, key: &KeyRecord) -> Answer<()> {
        let Some(account) = &key.account else {
            return match caller.reaches_all() {
                true if key.include_subtree => {
                    Err(Problem::field("include_subtree", "says nothing without an account"))
                }
                true => Ok(()),
                false => {
                    Err(Problem::field("account", "is needed; only an admin's key reaches every account"))
                }
            };
        };
        let unknown = |_| Problem::field("account", format!("there is no account `{account}`"));
        self.visibility.visible_account(caller, account).map_err(unknown)?;
        if key.include_subtree && matches!(caller.reach, Reach::Account(_)) {
            return Err(Problem::field("include_subtree", "is for admins and resellers"));
        }
        Ok(())
    }

    fn sees_key(&self, caller: &Caller, key: &KeyRecord) -> bool {
        caller.reaches_all()
            || key.created_by == caller.id
            || key.account.as_ref().is_some_and(|account| self.visibility.may_see(caller, account))
    }

    fn seen_key(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<KeyRecord>>> {
        let key = self.directory.api_keys.get(id).filter(|key| self.sees_key(caller, &key.value));
        key.ok_or_else(|| Problem::not_found(format!("there is no API key `{id}`")))
    }

    fn key_view(&self, key: &Document<KeyRecord>) -> ApiKey {
        let value = &key.value;
        let used = self.uses.0.get(&key.key).map(|at| Time(*at));
        ApiKey {
            id: key.key.clone(),
            name: value.name.clone(),
            scopes: value.scopes.clone(),
            account: value.account.clone(),
            include_subtree: value.include_subtree,
            expires_at: value.expires_at,
            allowed_ips: value.allowed_ips.clone(),
            created_by: value.created_by.clone(),
            created_at: Time(key.created_at),
            last_used_at: used.max(value.last_used_at),
        }
    }

    /// Writes down when keys were used last. That is nobody's change, so that the audit log does not name it.
    pub fn write_uses(&self) -> Answer<()> {
        let _held = self.directory.lock();
        let used: Vec<(String, Time)> =
            self.uses.0.iter().map(|entry| (entry.key().clone(), Time(*entry.value()))).collect();
        let system = Caller::system();
        for some in used.chunks(USES_MAX) {
            let mut work = self.context.change(&system);
            for (id, at) in some {
                if let Some(key) =
                    self.directory.api_keys.get(id).filter(|key| key.value.last_used_at < Some(*at))
                {
                    let record = KeyRecord { last_used_at: Some(*at), ..key.value.clone() };
                    work.put(&self.directory.api_keys, id, Some(&key), record);
                }
            }
            work.commit()?;
        }
        // What was used again meanwhile stays.
        self.uses.0.retain(|id, at| !used.contains(&(id.clone(), Time(*at))));
        Ok(())
    }
}

fn scopes(caller: &Caller, mut scopes: Vec<Scope>) -> Answer<Vec<Scope>> {
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Problem::field("scopes", "is to name at least one"));
    }
    match scopes.iter().find(|scope| !may_grant(caller.grade(), **scope)) {
        Some(scope) => {
            let scope = serde_json::to_value(scope).unwrap_or_default();
            Err(Problem::field("scopes", format!("{scope} is not for your role to give")))
        }
        None => Ok(scopes),
    }
}

fn blocks(written: &[String]) -> Answer<Vec<String>> {
    if written.len() > ALLOWED_IPS_MAX {
        return Err(Problem::field("allowed_ips", format!("names more than {ALLOWED_IPS_MAX}")));
    }
    let read = written.iter().map(|text| texts::address_block(text).map(|block| block.to_string()));
    read.collect::<Result<_, _>>().map_err(|message| Problem::field("allowed_ips", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_scopes_beyond_the_own_role() {
        let customer = Caller { role: Role::Customer, ..Caller::system() };
        assert!(scopes(&customer, vec![Scope::AccountsRead]).is_ok());
        assert!(scopes(&Caller::system(), vec![Scope::AccountsWrite]).is_ok());
        assert!(scopes(&customer, Vec::new()).is_err());
        let twice = scopes(&customer, vec![Scope::AccountsRead, Scope::AccountsRead]).unwrap();
        assert_eq!(twice, [Scope::AccountsRead]);
    }
}
