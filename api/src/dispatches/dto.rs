//! What is said of dispatches.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::cdr_state::CdrState;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A dispatch of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dispatch {
    /// What its messages carry in their dispatch TLV. Octets that are no visible text are written `\xHH`, and a backslash
    /// itself `\\`.
    #[schema(example = "campaign-7")]
    pub id: String,
    /// Whose it is.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// What people call it; null where nobody has named it.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// How many messages it is to have, where somebody has said so.
    pub planned_messages: Option<u64>,
    /// How far it has come as a whole.
    pub status: DispatchStatus,
    /// How many of its messages have come how far.
    pub counters: DispatchCounts,
    /// When it was named; null where nobody has named it.
    pub created_at: Option<Time>,
    /// When what people wrote about it was changed last; null where nobody has named it.
    pub updated_at: Option<Time>,
}

/// How far a dispatch has come as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchStatus {
    /// Nothing was charged yet, or something may still become of some of its messages.
    Processing,
    /// All its messages are at their end, and some have got through or are with operators that send no receipts.
    Completed,
    /// All its messages are at their end, and none has got through.
    Failed,
}

/// How many messages of a dispatch have come how far, and what they cost, at the instant of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispatchCounts {
    /// Charged.
    pub messages: u64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: u64,
    /// Taken by an operator.
    pub submitted: u64,
    /// Delivered.
    pub delivered: u64,
    /// Ended otherwise, those cancelled aside.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Taken for good by operators that send no receipts: nothing more will be heard of them.
    pub unconfirmed: u64,
    /// Of which something may still become.
    pub pending: u64,
    /// Delivered ones in a hundred charged ones, with two decimals; zero where none was charged.
    #[schema(pattern = "^[0-9]{1,3}\\.[0-9]{2}$", example = "98.25")]
    pub success_rate: String,
    /// Charged less given back.
    pub cost: Money,
    /// What the operators charge, as far as it is known in that currency; for whoever reaches all accounts, else null.
    pub cost_operators: Option<Money>,
    /// Of both costs.
    pub currency: CurrencyCode,
}

/// How far a dispatch has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispatchProgress {
    /// The dispatch id.
    #[schema(example = "campaign-7")]
    pub id: String,
    /// Whose it is.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// As a whole.
    pub status: DispatchStatus,
    /// How many messages it is to have, where somebody has said so.
    pub planned_messages: Option<u64>,
    /// By message.
    pub counters: DispatchCounts,
}

/// A dispatch to name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDispatch {
    /// Whose; the caller's own account where it is not said.
    #[serde(default)]
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// What its messages carry in their dispatch TLV, byte for byte: 1 to 64 visible ASCII characters or spaces without a
    /// backslash, the first a letter or digit.
    #[schema(pattern = r"^[A-Za-z0-9][ -\[\]-~]{0,63}$", example = "campaign-7")]
    pub id: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Autumn offers")]
    pub name: String,
    /// What it is about.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// How many messages it is to have.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    pub planned_messages: Option<u64>,
}

/// What people write about a dispatch, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchChange {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Autumn offers")]
    pub name: String,
    /// What it is about.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// How many messages it is to have.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    pub planned_messages: Option<u64>,
}

/// Whose dispatch of that id is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DispatchOf {
    /// The account; the caller's own where it is not said. Callers that belong to no account have to say it, as two accounts
    /// may have a dispatch of the same id.
    #[serde(default)]
    pub account: Option<String>,
}

/// How a list of dispatches is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum DispatchSort {
    /// By account and id.
    #[default]
    #[serde(rename = "id")]
    Id,
    /// Those that have a name and no others, the one that was named last first.
    #[serde(rename = "-created_at")]
    Newest,
}

list_query! {
    /// Which dispatches.
    pub struct DispatchesQuery {
        /// Only this account's.
        pub account: Option<String>,
        /// Only those that have come so far.
        #[param(inline)]
        pub status: Option<DispatchStatus>,
        /// Only those whose id or name contains this, in whatever case.
        pub search: Option<String>,
        /// In which order; by account and id where it is not said.
        #[param(inline)]
        pub sort: Option<DispatchSort>,
    }
}

list_query! {
    /// Which of a dispatch's messages.
    pub struct DispatchMessagesQuery {
        /// Whose dispatch; the caller's own account where it is not said.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<CdrState>,
    }
}
