//! The common parts of sender IDs and templates: an account asks for them, and operations approve or
//! reject them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;

/// The state of a moderation.
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

/// The purpose of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentCategory {
    /// Messages about something ordered or an account: orders, deliveries, payments.
    Transactional,
    /// Offers and news.
    Marketing,
    /// Messages with one-time passwords.
    Otp,
    /// Messages of a service to its users: reminders, maintenance.
    Service,
    /// Messages of any other kind.
    Other,
}

/// The decision of a moderation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be used from the answer on.
    Approve,
    /// It may not be used from the answer on.
    Reject,
}

/// A decision, which may be changed at any time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moderation {
    /// The decision of a moderation.
    pub decision: Decision,
    /// The reason, which the owner reads; a rejection needs one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500, example = "the name is a trade mark of another company")]
    pub reason: Option<String>,
}

/// The order of a list of sender IDs or templates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ContentSort {
    /// Sorted by name.
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
    /// The filters of a list of of the approved ones.
    pub struct ApprovedQuery {
        /// Only those of this category.
        #[param(inline)]
        pub category: Option<ContentCategory>,
        /// The order of the list; by name if it is not given.
        #[param(inline)]
        pub sort: Option<ContentSort>,
    }
}

list_query! {
    /// The filters of a list of sender IDs or templates.
    pub struct ContentQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub status: Option<ModerationStatus>,
        /// Only those of this category.
        #[param(inline)]
        pub category: Option<ContentCategory>,
        /// Only those whose name contains this, in upper or lower case.
        pub name: Option<String>,
        /// The order of the list; by name if it is not given.
        #[param(inline)]
        pub sort: Option<ContentSort>,
    }
}
