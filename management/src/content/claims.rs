//! Claims, the common part of sender IDs and templates: an account claims them, staff moderates them, and what is approved is in
//! force before the one who decided is answered.
//!
//! Claims of one kind are changed one after another, from the first look at them until approvals are replaced. So an account
//! has each name once, and what is in force is never an older state.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::moderation::{ContentCategory, Decision, Moderation, ModerationStatus};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_relay::core::Core;
use tollgate_storage::clock::now;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Unavailable;

use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::exclusive::{Exclusive, Held};
use crate::identity::random;
use crate::identity::visibility::Visibility;

use crate::plain_text::check_lines;

/// Claims of one kind that one account may have.
const CLAIMS_MAX: usize = 1_000;
/// Characters of a description or of a reason.
const DESCRIPTION_CHARACTERS_MAX: usize = 500;

/// All claims of one kind.
#[derive(Debug)]
pub struct Claims<T> {
    context: Arc<Context>,
    pub(super) visibility: Arc<Visibility>,
    pub(super) documents: DocumentCache<T>,
    exclusive: Exclusive<T>,
}

/// The claim of an account, and the decision about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub account: String,
    pub name: String,
    pub category: ContentCategory,
    #[serde(default)]
    pub description: Option<String>,
    /// Written as `verdict` on disk.
    #[serde(default, rename = "verdict")]
    pub review: ClaimReview,
}

/// The decision about a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimReview {
    pub status: ModerationStatus,
    pub reason: Option<String>,
    pub at: Option<Time>,
}

/// A kind of thing that is claimed.
pub trait Content: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The form in which the API shows it.
    type View;
    /// In the books.
    const COLLECTION: Collection;
    /// In the audit log.
    const RESOURCE: &'static str;
    /// In front of its ids.
    const ID_PREFIX: &'static str;
    /// The noun for it in sentences.
    const NOUN: &'static str;

    /// The claim itself.
    fn claim(&self) -> &Claim;

    /// The same, to be changed.
    fn claim_mut(&mut self) -> &mut Claim;

    /// Checks that it can be claimed at all.
    fn check(&self) -> Answer<()>;

    /// The view that the API shows.
    fn view(document: &Document<Self>) -> Self::View;

    /// Puts these of an account in force, and no others.
    fn enact(core: &Core, account: &str, approved: &[Arc<Document<Self>>]);
}

/// Puts in force what the books say is approved, before the first message is judged by it.
pub fn restore<T: Content>(core: &Core) -> Result<(), Unavailable> {
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

/// True if the claim is approved now.
pub(super) fn is_approved<T: Content>(document: &Document<T>) -> bool {
    document.value.claim().review.status == ModerationStatus::Approved
}

impl<T: Content> Claims<T> {
    /// All that the books have.
    pub fn load(context: Arc<Context>, visibility: Arc<Visibility>) -> Result<Self, Unavailable> {
        let documents = DocumentCache::load(context.store(), T::COLLECTION)?;
        Ok(Self { context, visibility, documents, exclusive: Exclusive::default() })
    }

    /// One that the caller reaches.
    pub(super) fn claimed(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<T>>> {
        let document = self.documents.get(id);
        document
            .filter(|document| self.visibility.may_see(caller, &document.value.claim().account))
            .ok_or_else(|| Problem::not_found(format!("there is no {} `{id}`", T::NOUN)))
    }

    /// Claims something that is pending from then on.
    pub(super) fn create_claim(&self, caller: &Caller, record: T) -> Answer<Versioned<T::View>> {
        self.visibility.visible_account(caller, &record.claim().account)?;
        check_claim(&record)?;
        let held = self.exclusive.lock();
        self.check_room(&held, &record)?;
        self.check_name(&held, &record, None)?;
        let id = random::id(T::ID_PREFIX)?;
        self.put_claim(&held, caller, &id, None, record, "create")
    }

    /// Changes something that is claimed. With anything but its description it is to be decided about anew, and so it is
    /// after a rejection, which somebody has done something about.
    pub(super) fn change_claim(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: impl FnOnce(&mut T),
    ) -> Answer<Versioned<T::View>> {
        let held = self.exclusive.lock();
        let before = self.claimed(caller, id)?;
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        change(&mut record);
        check_claim(&record)?;
        self.check_name(&held, &record, Some(id))?;
        let mut otherwise = record.clone();
        otherwise.claim_mut().description.clone_from(&before.value.claim().description);
        let was_rejected = before.value.claim().review.status == ModerationStatus::Rejected;
        if was_rejected || otherwise != before.value {
            record.claim_mut().review = ClaimReview::default();
        }
        self.put_claim(&held, caller, id, Some(&before), record, "update")
    }

    /// Decides about something that is claimed.
    pub(super) fn moderate_claim(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<T::View>> {
        if !caller.reaches_all() {
            return Err(Problem::forbidden("only staff decides about sender IDs and templates"));
        }
        let review = review_of(moderation)?;
        let held = self.exclusive.lock();
        let before = self.claimed(caller, id)?;
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        let action = if review.status == ModerationStatus::Approved { "approve" } else { "reject" };
        record.claim_mut().review = review;
        self.put_claim(&held, caller, id, Some(&before), record, action)
    }

    /// Takes something away that is claimed.
    pub(super) fn delete_claim(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        let held = self.exclusive.lock();
        let before = self.claimed(caller, id)?;
        if_match.check(before.revision)?;
        let mut work = self.context.change(caller);
        work.remove(&self.documents, &before);
        let (action, resource) = (format!("{}.delete", T::RESOURCE), format!("{}/{id}", T::RESOURCE));
        work.note(&action, resource, &json_of(&before.value), &Value::Null);
        work.commit()?;
        self.enact_claims(&held, &before.value.claim().account);
        Ok(())
    }

    /// Makes a claim durable, and what is approved by then in force.
    fn put_claim(
        &self,
        held: &Held<T>,
        caller: &Caller,
        id: &str,
        before: Option<&Arc<Document<T>>>,
        record: T,
        action: &str,
    ) -> Answer<Versioned<T::View>> {
        let documents = &self.documents;
        let account = record.claim().account.clone();
        let (action, resource) = (format!("{}.{action}", T::RESOURCE), format!("{}/{id}", T::RESOURCE));
        let (old, new) = (before.map_or(Value::Null, |document| json_of(&document.value)), json_of(&record));
        let mut work = self.context.change(caller);
        work.put(documents, id, before.map(|document| &**document), record);
        work.note(&action, resource, &old, &new);
        work.commit()?;
        self.enact_claims(held, &account);
        let document =
            documents.get(id).ok_or_else(|| Problem::internal("what was made durable is not there"))?;
        Ok(Versioned::new(document.revision, T::view(&document)))
    }

    fn enact_claims(&self, _: &Held<T>, account: &str) {
        let mut approved = self.documents.all();
        approved.retain(|document| document.value.claim().account == account && is_approved(document));
        T::enact(&self.context.core, account, &approved);
    }

    fn check_room(&self, _: &Held<T>, record: &T) -> Answer<()> {
        let account = &record.claim().account;
        let all = self.documents.all();
        let count = all.iter().filter(|document| document.value.claim().account == *account).count();
        if count < CLAIMS_MAX {
            return Ok(());
        }
        Err(Problem::wrong_state(format!("the account has {CLAIMS_MAX} of {}s, which is the most", T::NOUN)))
    }

    fn check_name(&self, _: &Held<T>, record: &T, own_id: Option<&str>) -> Answer<()> {
        let Claim { account, name, .. } = record.claim();
        let other = self.documents.find(|document| {
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
    check_lines("description", description, 0..=DESCRIPTION_CHARACTERS_MAX)?;
    record.check()
}

/// A decision as it is kept. A rejection without a reason would leave its owner guessing.
fn review_of(moderation: Moderation) -> Answer<ClaimReview> {
    let reason = moderation.reason.filter(|reason| !reason.trim().is_empty());
    check_lines("reason", reason.as_deref().unwrap_or_default(), 0..=DESCRIPTION_CHARACTERS_MAX)?;
    let status = match moderation.decision {
        Decision::Approve => ModerationStatus::Approved,
        Decision::Reject if reason.is_none() => {
            return Err(Problem::field("reason", "is needed for a rejection"));
        }
        Decision::Reject => ModerationStatus::Rejected,
    };
    Ok(ClaimReview { status, reason, at: Some(Time(now())) })
}

/// As the audit log has it: there is nothing secret about a claim.
fn json_of<T: Content>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}
