//! What sender IDs and templates have in common: an account claims them, they are moderated, and what is approved is in
//! force before whoever decided is answered.
//!
//! Claims are changed one after another, from the first look at the shelf until approvals are replaced: so an account has
//! each name once, and what is in force is never an older state of the shelf.

mod listing;
pub mod sender_ids;
pub mod templates;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::moderation::{ContentCategory, Decision, Moderation, ModerationStatus};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_storage::clock::now;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::{Store, Unavailable};

use self::sender_ids::SenderIdRecord;
use self::templates::TemplateRecord;
use crate::Office;
use crate::collections::{NICKNAMES, TEMPLATES};
use crate::documents::{Document, DocumentCache};
use crate::identity::random;
use tollgate_relay::core::Core;

/// Claims of one kind that one account may have.
const CLAIMS_MAX: usize = 1_000;
/// Characters of a description or of a reason.
const DESCRIPTION_CHARACTERS_MAX: usize = 500;

/// Everything that is claimed.
#[derive(Debug)]
pub struct Claims {
    nicknames: DocumentCache<SenderIdRecord>,
    templates: DocumentCache<TemplateRecord>,
    /// Held by whoever changes a claim.
    turn: Mutex<()>,
}

impl Claims {
    /// All that the books have.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            nicknames: DocumentCache::load(store, NICKNAMES)?,
            templates: DocumentCache::load(store, TEMPLATES)?,
            turn: Mutex::new(()),
        })
    }
}

/// What an account claims, and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub account: String,
    pub name: String,
    pub category: ContentCategory,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub verdict: Verdict,
}

/// What was decided about a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub status: ModerationStatus,
    pub reason: Option<String>,
    pub at: Option<Time>,
}

/// A kind of thing that is claimed.
pub trait Content: Clone + PartialEq + Serialize + DeserializeOwned {
    /// How the API shows it.
    type View;
    /// In the books.
    const COLLECTION: Collection;
    /// In the audit log.
    const RESOURCE: &'static str;
    /// In front of its ids.
    const ID_PREFIX: &'static str;
    /// In sentences.
    const NOUN: &'static str;

    /// Where all of them stand.
    fn documents(claims: &Claims) -> &DocumentCache<Self>;

    /// What is claimed.
    fn claim(&self) -> &Claim;

    /// The same, to be changed.
    fn claim_mut(&mut self) -> &mut Claim;

    /// Whether it can be claimed at all.
    fn check(&self) -> Answer<()>;

    /// How the API shows it.
    fn view(document: &Document<Self>) -> Self::View;

    /// Puts these of an account in force, and no others.
    fn enact(core: &Core, account: &str, approved: &[Arc<Document<Self>>]);
}

/// Puts in force all that the books say is approved, before the first message is judged by it.
pub fn restore_approvals(core: &Core) -> Result<(), Unavailable> {
    restore::<SenderIdRecord>(core)?;
    restore::<TemplateRecord>(core)
}

fn restore<T: Content>(core: &Core) -> Result<(), Unavailable> {
    let mut by_account: BTreeMap<String, Vec<Arc<Document<T>>>> = BTreeMap::new();
    for document in DocumentCache::<T>::load(&core.books.store, T::COLLECTION)?.all() {
        if is_approved(&document) {
            by_account.entry(document.value.claim().account.clone()).or_default().push(document);
        }
    }
    for (account, approved) in &by_account {
        T::enact(core, account, approved);
    }
    Ok(())
}

fn is_approved<T: Content>(document: &Document<T>) -> bool {
    document.value.claim().verdict.status == ModerationStatus::Approved
}

/// The account that something is claimed for.
pub(crate) fn account_for(caller: &Caller, asked: Option<String>) -> Answer<String> {
    let own = || caller.account().map(ToOwned::to_owned);
    asked.or_else(own).ok_or_else(|| Problem::field("account", "is to be said: you belong to no account"))
}

impl Office {
    /// One that the caller reaches.
    fn claimed<T: Content>(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<T>>> {
        let document = T::documents(&self.claims).get(id);
        document
            .filter(|document| self.visibility.reaches(caller, &document.value.claim().account))
            .ok_or_else(|| Problem::not_found(format!("there is no {} `{id}`", T::NOUN)))
    }

    /// Claims something that is pending from then on.
    fn create_claim<T: Content>(&self, caller: &Caller, record: T) -> Answer<Versioned<T::View>> {
        self.visibility.reached(caller, &record.claim().account)?;
        check_claim(&record)?;
        let _turn = self.claims.turn.lock();
        self.check_room(&record)?;
        self.check_name(&record, None)?;
        let id = random::id(T::ID_PREFIX)?;
        self.put_claim(caller, &id, None, record, "create")
    }

    /// Changes something that is claimed. With anything but its description it is to be decided about anew, and so it is
    /// after a rejection, which somebody has done something about.
    fn change_claim<T: Content>(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: impl FnOnce(&mut T),
    ) -> Answer<Versioned<T::View>> {
        let _turn = self.claims.turn.lock();
        let before = self.claimed::<T>(caller, id)?;
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        change(&mut record);
        check_claim(&record)?;
        self.check_name(&record, Some(id))?;
        let mut otherwise = record.clone();
        otherwise.claim_mut().description.clone_from(&before.value.claim().description);
        let was_rejected = before.value.claim().verdict.status == ModerationStatus::Rejected;
        if was_rejected || otherwise != before.value {
            record.claim_mut().verdict = Verdict::default();
        }
        self.put_claim(caller, id, Some(&before), record, "update")
    }

    /// Decides about something that is claimed.
    fn moderate_claim<T: Content>(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<T::View>> {
        if !caller.reaches_all() {
            return Err(Problem::forbidden("whoever belongs to an account decides about none"));
        }
        let verdict = verdict_of(moderation)?;
        let _turn = self.claims.turn.lock();
        let before = self.claimed::<T>(caller, id)?;
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        let action = if verdict.status == ModerationStatus::Approved { "approve" } else { "reject" };
        record.claim_mut().verdict = verdict;
        self.put_claim(caller, id, Some(&before), record, action)
    }

    /// Takes something away that is claimed.
    fn delete_claim<T: Content>(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        let _turn = self.claims.turn.lock();
        let before = self.claimed::<T>(caller, id)?;
        if_match.check(before.revision)?;
        let mut work = self.context.change(caller);
        work.remove(T::documents(&self.claims), &before);
        let (action, resource) = (format!("{}.delete", T::RESOURCE), format!("{}/{id}", T::RESOURCE));
        work.note(&action, resource, &json_of(&before.value), &Value::Null);
        work.commit()?;
        self.enact_claims::<T>(&before.value.claim().account);
        Ok(())
    }

    /// Makes a claim durable, and what is approved by then in force. Whoever calls has the turn.
    fn put_claim<T: Content>(
        &self,
        caller: &Caller,
        id: &str,
        before: Option<&Arc<Document<T>>>,
        record: T,
        action: &str,
    ) -> Answer<Versioned<T::View>> {
        let documents = T::documents(&self.claims);
        let account = record.claim().account.clone();
        let (action, resource) = (format!("{}.{action}", T::RESOURCE), format!("{}/{id}", T::RESOURCE));
        let (old, new) = (before.map_or(Value::Null, |document| json_of(&document.value)), json_of(&record));
        let mut work = self.context.change(caller);
        work.put(documents, id, before.map(|document| &**document), record);
        work.note(&action, resource, &old, &new);
        work.commit()?;
        self.enact_claims::<T>(&account);
        let document =
            documents.get(id).ok_or_else(|| Problem::internal("what was made durable is not there"))?;
        Ok(Versioned::new(document.revision, T::view(&document)))
    }

    fn enact_claims<T: Content>(&self, account: &str) {
        let mut approved = T::documents(&self.claims).all();
        approved.retain(|document| document.value.claim().account == account && is_approved(document));
        T::enact(&self.context.core, account, &approved);
    }

    fn check_room<T: Content>(&self, record: &T) -> Answer<()> {
        let account = &record.claim().account;
        let all = T::documents(&self.claims).all();
        let count = all.iter().filter(|document| document.value.claim().account == *account).count();
        if count < CLAIMS_MAX {
            return Ok(());
        }
        Err(Problem::wrong_state(format!("the account has {CLAIMS_MAX} of {}s, which is the most", T::NOUN)))
    }

    fn check_name<T: Content>(&self, record: &T, own_id: Option<&str>) -> Answer<()> {
        let Claim { account, name, .. } = record.claim();
        let other = T::documents(&self.claims).find(|document| {
            let claim = document.value.claim();
            claim.name == *name && claim.account == *account && own_id != Some(&document.key)
        });
        match other {
            None => Ok(()),
            Some(other) => {
                let message = format!("the account has a {} `{name}`: {}", T::NOUN, other.key);
                Err(Problem::already_exists(message).and_field("name", "is taken"))
            }
        }
    }
}

fn check_claim<T: Content>(record: &T) -> Answer<()> {
    let description = record.claim().description.as_deref().unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARACTERS_MAX {
        let message = format!("is to have at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(Problem::field("description", message));
    }
    record.check()
}

/// A decision as it is kept. A rejection without a reason would leave its owner guessing.
fn verdict_of(moderation: Moderation) -> Answer<Verdict> {
    let reason = moderation.reason.filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > DESCRIPTION_CHARACTERS_MAX) {
        let message = format!("is to have at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(Problem::field("reason", message));
    }
    let status = match moderation.decision {
        Decision::Approve => ModerationStatus::Approved,
        Decision::Reject if reason.is_none() => {
            return Err(Problem::field("reason", "is needed for a rejection"));
        }
        Decision::Reject => ModerationStatus::Rejected,
    };
    Ok(Verdict { status, reason, at: Some(Time(now())) })
}

/// As the audit log has it: there is nothing secret about a claim.
fn json_of<T: Content>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}
