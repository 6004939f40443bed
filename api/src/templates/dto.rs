//! The bodies and parameters of requests about templates.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moderation::{ContentCategory, ModerationStatus};
use crate::time::Time;

/// A message template of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageTemplate {
    /// The id of it.
    #[schema(example = "tpl_4k7xw2m9q3z8r6t5v2n7")]
    pub id: String,
    /// The account that it belongs to.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// Its name, for people.
    #[schema(example = "login code")]
    pub name: String,
    /// The text with its placeholders.
    #[schema(example = "Your code is {code}.")]
    pub body: String,
    /// The placeholders' names, in the order of the text.
    #[schema(example = json!(["code"]))]
    pub placeholders: Vec<String>,
    /// The purpose of messages with it.
    pub category: ContentCategory,
    /// Its language (BCP 47).
    #[schema(example = "en")]
    pub language: Option<String>,
    /// An explanation of its purpose for those who moderate it.
    pub description: Option<String>,
    /// The state of its moderation.
    pub status: ModerationStatus,
    /// The reason of the decision.
    pub reason: Option<String>,
    /// The time at which it was decided last; null while it is pending.
    pub moderated_at: Option<Time>,
    /// The time at which it was asked for.
    pub created_at: Time,
    /// The time at which it was changed or decided last.
    pub updated_at: Time,
}

/// A template to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// The account that it is for; the caller's own if it is not given.
    #[serde(default)]
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// The name of it for people. An account has each name once.
    #[schema(min_length = 1, max_length = 100, example = "login code")]
    pub name: String,
    /// The text. Up to 20 placeholders such as `{code}` stand for 1 to 160 characters each, with something
    /// between any two; a brace itself is written twice. A text matches character for character.
    #[schema(min_length = 1, max_length = 1600, example = "Your code is {code}.")]
    pub body: String,
    /// The purpose of messages with it.
    pub category: ContentCategory,
    /// Its language (BCP 47).
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", example = "en")]
    pub language: Option<String>,
    /// An explanation of its purpose for those who moderate it.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// The new text and settings of a template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateChange {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "login code")]
    pub name: String,
    /// The text, as for a new one.
    #[schema(min_length = 1, max_length = 1600, example = "Your code is {code}.")]
    pub body: String,
    /// The purpose of messages with it.
    pub category: ContentCategory,
    /// Its language (BCP 47).
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", example = "en")]
    pub language: Option<String>,
    /// An explanation of its purpose for those who moderate it.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// A text to try. It is a message's, and never shown in a log.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextToCheck {
    /// The text to check.
    #[schema(max_length = 5000, example = "Your code is 493817.")]
    pub text: String,
}

impl fmt::Debug for TextToCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextToCheck").finish_non_exhaustive()
    }
}

/// The result of a check of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateMatch {
    /// True if it is the template with its placeholders filled.
    pub matches: bool,
}
