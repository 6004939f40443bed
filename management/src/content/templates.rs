//! Message templates: claimed, moderated, and in force for the next text.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::moderation::{ApprovedQuery, ContentQuery, Moderation};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::templates::{
    MessageTemplate, NewTemplate, TemplateChange, TemplateMatch, TemplatesService, TextToCheck,
};
use tollgate_api::time::Time;
use tollgate_engine::template::{Template, TemplateError};
use tollgate_storage::schema::Collection;

use super::claims::{Claim, ClaimReview, Claims, Content};
use crate::collections::TEMPLATES;
use crate::documents::Document;
use tollgate_relay::core::Core;

use crate::plain_text::check_line;

/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 100;
/// Characters of a text that is tried: more than any template's longest match.
const TEXT_CHARACTERS_MAX: usize = 5_000;
/// Subtags of a language, and characters of each.
const SUBTAGS_MAX: usize = 4;

/// A template as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    #[serde(flatten)]
    pub claim: Claim,
    pub body: String,
    #[serde(default)]
    pub language: Option<String>,
}

impl Content for TemplateRecord {
    type View = MessageTemplate;
    const COLLECTION: Collection = TEMPLATES;
    const RESOURCE: &'static str = "template";
    const ID_PREFIX: &'static str = "tpl";
    const NOUN: &'static str = "template";

    fn claim(&self) -> &Claim {
        &self.claim
    }

    fn claim_mut(&mut self) -> &mut Claim {
        &mut self.claim
    }

    fn check(&self) -> Answer<()> {
        check_line("name", &self.claim.name, 1..=NAME_CHARACTERS_MAX)?;
        if self.language.as_ref().is_some_and(|language| !is_language(language)) {
            return Err(Problem::field("language", "is no language tag such as `en` or `pt-BR`"));
        }
        parsed(&self.body).map(drop).map_err(|error| Problem::field("body", error.to_string()))
    }

    fn view(document: &Document<Self>) -> MessageTemplate {
        let TemplateRecord { claim, body, language } = document.value.clone();
        let Claim { account, name, category, description, review } = claim;
        let placeholders =
            parsed(&body).map(|template| template.placeholders().map(ToOwned::to_owned).collect());
        MessageTemplate {
            id: document.key.clone(),
            account,
            name,
            placeholders: placeholders.unwrap_or_default(),
            body,
            category,
            language,
            description,
            status: review.status,
            reason: review.reason,
            moderated_at: review.at,
            created_at: Time(document.created_at),
            updated_at: Time(document.updated_at),
        }
    }

    fn enact(core: &Core, account: &str, approved: &[Arc<Document<Self>>]) {
        let templates = approved.iter().filter_map(|document| {
            // None is kept that cannot be read. If one were, it would not be in force.
            let template = parsed(&document.value.body);
            template
                .inspect_err(
                    |error| tracing::error!(id = %document.key, %error, "an approved template is left out"),
                )
                .ok()
        });
        core.accounts.approvals(&Arc::from(account)).replace_templates(templates.collect());
    }
}

fn parsed(body: &str) -> Result<Template, TemplateError> {
    Template::parse(body)
}

/// A language, and what more precisely: script, region, variant (BCP 47 §2.1), as far as they matter here.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let is_language = subtags.next().is_some_and(|language| {
        (2..=3).contains(&language.len()) && language.bytes().all(|octet| octet.is_ascii_alphabetic())
    });
    let is_subtag = |subtag: &str| {
        (2..=8).contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric())
    };
    is_language && tag.split('-').count() <= SUBTAGS_MAX && subtags.all(is_subtag)
}

impl TemplatesService for Claims<TemplateRecord> {
    fn templates(&self, caller: &Caller, query: &ContentQuery) -> Answer<Page<MessageTemplate>> {
        self.claims_listed(caller, query)
    }

    fn approved_templates(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<MessageTemplate>> {
        self.claims_approved(caller, account, query)
    }

    fn template(&self, caller: &Caller, id: &str) -> Answer<Versioned<MessageTemplate>> {
        let document = self.claimed(caller, id)?;
        Ok(Versioned::new(document.revision, Content::view(&document)))
    }

    fn create_template(&self, caller: &Caller, new: NewTemplate) -> Answer<Versioned<MessageTemplate>> {
        let NewTemplate { account, name, body, category, language, description } = new;
        let account = caller.account_for(account)?;
        let claim = Claim { account, name, category, description, review: ClaimReview::default() };
        self.create_claim(caller, TemplateRecord { claim, body, language })
    }

    fn change_template(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: TemplateChange,
    ) -> Answer<Versioned<MessageTemplate>> {
        self.change_claim(caller, id, if_match, |TemplateRecord { claim, body, language }| {
            claim.name = change.name;
            claim.category = change.category;
            claim.description = change.description;
            *body = change.body;
            *language = change.language;
        })
    }

    fn delete_template(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        self.delete_claim(caller, id, if_match)
    }

    fn moderate_template(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<MessageTemplate>> {
        self.moderate_claim(caller, id, if_match, moderation)
    }

    fn check_template(&self, caller: &Caller, id: &str, text: &TextToCheck) -> Answer<TemplateMatch> {
        let document = self.claimed(caller, id)?;
        if text.text.chars().count() > TEXT_CHARACTERS_MAX {
            return Err(Problem::field(
                "text",
                format!("is to have at most {TEXT_CHARACTERS_MAX} characters"),
            ));
        }
        let template = parsed(&document.value.body).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(TemplateMatch { matches: template.matches(&text.text) })
    }
}

#[cfg(test)]
mod tests {
    use tollgate_api::moderation::ContentCategory;

    use super::*;

    fn record(body: &str) -> TemplateRecord {
        TemplateRecord {
            claim: Claim {
                account: "biz".to_owned(),
                name: "code".to_owned(),
                category: ContentCategory::Otp,
                description: None,
                review: ClaimReview::default(),
            },
            body: body.to_owned(),
            language: None,
        }
    }

    #[test]
    fn a_body_that_is_no_template_is_the_fields_problem() {
        assert!(record("Your code is {code}.").check().is_ok());
        for body in ["", "{", "}", "{a}{b}", "{not a name}"] {
            let problem = record(body).check().unwrap_err();
            assert_eq!(problem.errors.first().map(|error| error.field.as_str()), Some("body"), "{body}");
        }
    }

    #[test]
    fn languages_are_tags() {
        for tag in ["en", "pt-BR", "uz-Cyrl-UZ", "fil"] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in ["", "e", "english", "en_GB", "en-", "en-G", "en-GB-a-b-c", "ру"] {
            assert!(!is_language(tag), "{tag}");
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = TemplateRecord { language: Some("en".to_owned()), ..record("Hi {name}!") };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<TemplateRecord>(&text).unwrap(), record);
    }
}
