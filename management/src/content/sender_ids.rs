//! Sender IDs: claimed, moderated, and in force for the next message from them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::moderation::{ApprovedQuery, ContentQuery, Moderation};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::sender_ids::{NewSenderId, SenderId, SenderIdChange, SenderIdsService};
use tollgate_api::time::Time;
use tollgate_storage::schema::Collection;

use super::claims::{Claim, ClaimReview, Claims, Content};
use crate::collections::NICKNAMES;
use crate::documents::Document;
use tollgate_relay::core::Core;

/// Characters of a name (3GPP TS 23.040 §9.1.2.5: an alphanumeric address has at most 11).
const NAME_CHARACTERS_MAX: usize = 11;
/// Digits of a number (ITU-T E.164 §6.2.1).
const NUMBER_DIGITS_MAX: usize = 15;

/// A sender ID as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderIdRecord {
    #[serde(flatten)]
    pub claim: Claim,
}

impl Content for SenderIdRecord {
    type View = SenderId;
    const COLLECTION: Collection = NICKNAMES;
    const RESOURCE: &'static str = "nickname";
    const ID_PREFIX: &'static str = "nick";
    const NOUN: &'static str = "sender ID";

    fn claim(&self) -> &Claim {
        &self.claim
    }

    fn claim_mut(&mut self) -> &mut Claim {
        &mut self.claim
    }

    fn check(&self) -> Answer<()> {
        if is_sender_id(&self.claim.name) {
            return Ok(());
        }
        Err(Problem::field(
            "name",
            "is to be 1 to 11 letters, digits, spaces, `-`, `_`, `.` or `&` without a space at either end, or a number of 1 \
             to 15 digits",
        ))
    }

    fn view(document: &Document<Self>) -> SenderId {
        let Claim { account, name, category, description, review } = document.value.claim.clone();
        SenderId {
            id: document.key.clone(),
            account,
            name,
            category,
            description,
            status: review.status,
            reason: review.reason,
            moderated_at: review.at,
            created_at: Time(document.created_at),
            updated_at: Time(document.updated_at),
        }
    }

    fn enact(core: &Core, account: &str, approved: &[Arc<Document<Self>>]) {
        let names = approved.iter().map(|document| document.value.claim.name.as_bytes().into());
        core.accounts.approvals(&Arc::from(account)).replace_senders(names);
    }
}

/// True if operators take the name as a source address.
fn is_sender_id(name: &str) -> bool {
    let is_number =
        (1..=NUMBER_DIGITS_MAX).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_digit());
    let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || b" -_.&".contains(&octet);
    let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(is_of_name);
    is_number || (is_name && name.trim() == name)
}

impl SenderIdsService for Claims<SenderIdRecord> {
    fn sender_ids(&self, caller: &Caller, query: &ContentQuery) -> Answer<Page<SenderId>> {
        self.claims_listed(caller, query)
    }

    fn approved_sender_ids(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<SenderId>> {
        self.claims_approved(caller, account, query)
    }

    fn sender_id(&self, caller: &Caller, id: &str) -> Answer<Versioned<SenderId>> {
        let document = self.claimed(caller, id)?;
        Ok(Versioned::new(document.revision, Content::view(&document)))
    }

    fn create_sender_id(&self, caller: &Caller, new: NewSenderId) -> Answer<Versioned<SenderId>> {
        let NewSenderId { account, name, category, description } = new;
        let account = caller.account_for(account)?;
        let claim = Claim { account, name, category, description, review: ClaimReview::default() };
        self.create_claim(caller, SenderIdRecord { claim })
    }

    fn change_sender_id(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: SenderIdChange,
    ) -> Answer<Versioned<SenderId>> {
        self.change_claim(caller, id, if_match, |SenderIdRecord { claim }| {
            claim.name = change.name;
            claim.category = change.category;
            claim.description = change.description;
        })
    }

    fn delete_sender_id(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        self.delete_claim(caller, id, if_match)
    }

    fn moderate_sender_id(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<SenderId>> {
        self.moderate_claim(caller, id, if_match, moderation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_that_operators_take() {
        for name in ["A", "ACME Bank", "A-b_c.d&e", "12345678901", "254722000001234", "1", "ELEVEN CHAR"] {
            assert!(is_sender_id(name), "{name}");
        }
    }

    #[test]
    fn what_operators_do_not_take() {
        let wrong = [
            "",
            " ",
            " ACME",
            "ACME ",
            "TWELVE CHARS",
            "2547220000012345",
            "25472200000x",
            "+254722000",
            "A/B",
            "Ä",
            "A\0",
            "A\n",
        ];
        for name in wrong {
            assert!(!is_sender_id(name), "{name:?}");
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let text = r#"{"account":"biz","name":"ACME","category":"otp","description":null,"verdict":{"status":"rejected","reason":"no","at":"2026-11-21T08:00:00Z"}}"#;
        let record: SenderIdRecord = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }
}
