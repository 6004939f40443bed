//! What sender IDs and templates have in common: an account asks for them, and operations approve them or say why not.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;

/// How far the moderation of something has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModerationStatus {
    /// Nobody has decided yet. It may not be used.
    #[default]
    Pending,
    /// It may be used.
    Approved,
    /// It may not be used, for a reason that is given.
    Rejected,
}

/// What messages are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentCategory {
    /// What somebody has ordered, or has an account for: orders, deliveries, payments.
    Transactional,
    /// Offers and news.
    Marketing,
    /// One-time passwords.
    Otp,
    /// What a service tells its users: reminders, maintenance.
    Service,
    /// Anything else.
    Other,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be used from the answer on.
    Approve,
    /// It may not be used from the answer on.
    Reject,
}

/// A decision, which may be taken anew at any time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moderation {
    /// What is decided.
    pub decision: Decision,
    /// Why, for its owner to read; a rejection needs one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500, example = "the name is a trade mark of another company")]
    pub reason: Option<String>,
}

/// How a list of sender IDs or templates is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ContentSort {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, the last first.
    #[serde(rename = "-name")]
    NameBackwards,
    /// The oldest first.
    #[serde(rename = "created_at")]
    Oldest,
    /// The newest first.
    #[serde(rename = "-created_at")]
    Newest,
}

list_query! {
    /// Which of the approved ones.
    pub struct ApprovedQuery {
        /// Only those of this category.
        #[param(inline)]
        pub category: Option<ContentCategory>,
        /// In which order; by name where it is not said.
        #[param(inline)]
        pub sort: Option<ContentSort>,
    }
}

list_query! {
    /// Which sender IDs or templates.
    pub struct ContentQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub status: Option<ModerationStatus>,
        /// Only those of this category.
        #[param(inline)]
        pub category: Option<ContentCategory>,
        /// Only those whose name contains this, in whatever case.
        pub name: Option<String>,
        /// In which order; by name where it is not said.
        #[param(inline)]
        pub sort: Option<ContentSort>,
    }
}
