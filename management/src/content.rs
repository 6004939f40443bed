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

use self::sender_ids::NicknameRecord;
use self::templates::TemplateRecord;
use crate::Office;
use crate::collections::{NICKNAMES, TEMPLATES};
use crate::documents::{Kept, Shelf};
use crate::identity::random;
use tollgate_relay::core::Core;

/// Claims of one kind that one account may have.
const CLAIMS_MAX: usize = 1_000;
/// Characters of a description or of a reason.
const DESCRIPTION_CHARACTERS_MAX: usize = 500;

/// Everything that is claimed.
#[derive(Debug)]
pub struct Claims {
    nicknames: Shelf<NicknameRecord>,
    templates: Shelf<TemplateRecord>,
    /// Held by whoever changes a claim.
    turn: Mutex<()>,
}

impl Claims {
    /// All that the books have.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            nicknames: Shelf::load(store, NICKNAMES)?,
            templates: Shelf::load(store, TEMPLATES)?,
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
    fn shelf(claims: &Claims) -> &Shelf<Self>;

    /// What is claimed.
    fn claim(&self) -> &Claim;

    /// The same, to be changed.
    fn claim_mut(&mut self) -> &mut Claim;

    /// Whether it can be claimed at all.
    fn check(&self) -> Answer<()>;

    /// How the API shows it.
    fn view(kept: &Kept<Self>) -> Self::View;

    /// Puts these of an account in force, and no others.
    fn enact(core: &Core, account: &str, approved: &[Arc<Kept<Self>>]);
}

/// Puts in force all that the books say is approved, before the first message is judged by it.
pub fn restore_approvals(core: &Core) -> Result<(), Unavailable> {
    restore::<NicknameRecord>(core)?;
    restore::<TemplateRecord>(core)
}

fn restore<T: Content>(core: &Core) -> Result<(), Unavailable> {
    let mut by_account: BTreeMap<String, Vec<Arc<Kept<T>>>> = BTreeMap::new();
    for kept in Shelf::<T>::load(&core.store, T::COLLECTION)?.all() {
        if is_approved(&kept) {
            by_account.entry(kept.value.claim().account.clone()).or_default().push(kept);
        }
    }
    for (account, approved) in &by_account {
        T::enact(core, account, approved);
    }
    Ok(())
}

fn is_approved<T: Content>(kept: &Kept<T>) -> bool {
    kept.value.claim().verdict.status == ModerationStatus::Approved
}

/// The account that something is claimed for.
pub(crate) fn account_for(caller: &Caller, asked: Option<String>) -> Answer<String> {
    let own = || caller.account().map(ToOwned::to_owned);
    asked.or_else(own).ok_or_else(|| Problem::field("account", "is to be said: you belong to no account"))
}

impl Office {
    /// One that the caller reaches.
    fn claimed<T: Content>(&self, caller: &Caller, id: &str) -> Answer<Arc<Kept<T>>> {
        let kept = T::shelf(&self.claims).get(id);
        kept.filter(|kept| self.reaches(caller, &kept.value.claim().account))
            .ok_or_else(|| Problem::not_found(format!("there is no {} `{id}`", T::NOUN)))
    }

    /// Claims something that is pending from then on.
    fn create_claim<T: Content>(&self, caller: &Caller, record: T) -> Answer<Versioned<T::View>> {
        self.reached(caller, &record.claim().account)?;
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
        let mut work = self.work(caller);
        work.remove(T::shelf(&self.claims), &before);
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
        before: Option<&Arc<Kept<T>>>,
        record: T,
        action: &str,
    ) -> Answer<Versioned<T::View>> {
        let shelf = T::shelf(&self.claims);
        let account = record.claim().account.clone();
        let (action, resource) = (format!("{}.{action}", T::RESOURCE), format!("{}/{id}", T::RESOURCE));
        let (old, new) = (before.map_or(Value::Null, |kept| json_of(&kept.value)), json_of(&record));
        let mut work = self.work(caller);
        work.put(shelf, id, before.map(|kept| &**kept), record);
        work.note(&action, resource, &old, &new);
        work.commit()?;
        self.enact_claims::<T>(&account);
        let kept = shelf.get(id).ok_or_else(|| Problem::internal("what was made durable is not there"))?;
        Ok(Versioned::new(kept.revision, T::view(&kept)))
    }

    fn enact_claims<T: Content>(&self, account: &str) {
        let mut approved = T::shelf(&self.claims).all();
        approved.retain(|kept| kept.value.claim().account == account && is_approved(kept));
        T::enact(&self.core, account, &approved);
    }

    fn check_room<T: Content>(&self, record: &T) -> Answer<()> {
        let account = &record.claim().account;
        let all = T::shelf(&self.claims).all();
        let count = all.iter().filter(|kept| kept.value.claim().account == *account).count();
        if count < CLAIMS_MAX {
            return Ok(());
        }
        Err(Problem::wrong_state(format!("the account has {CLAIMS_MAX} of {}s, which is the most", T::NOUN)))
    }

    fn check_name<T: Content>(&self, record: &T, own_id: Option<&str>) -> Answer<()> {
        let Claim { account, name, .. } = record.claim();
        let other = T::shelf(&self.claims).find(|kept| {
            let claim = kept.value.claim();
            claim.name == *name && claim.account == *account && own_id != Some(&kept.key)
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
