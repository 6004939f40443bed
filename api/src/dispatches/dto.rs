//! The bodies and parameters of requests about dispatches.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::cdr_state::CdrState;
use crate::list_query;
use crate::money::{CurrencyCode, MoneySum};
use crate::time::Time;

/// A dispatch of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dispatch {
    /// The id that its messages carry in their dispatch TLV. Octets that are no visible text are written
    /// `\xHH`, and a backslash itself `\\`.
    #[schema(example = "campaign-7")]
    pub id: String,
    /// The account that it belongs to.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The name of it for people; null where nobody has named it.
    pub name: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// The number of messages planned, if it was given.
    pub planned_messages: Option<u64>,
    /// The status of the dispatch as a whole.
    pub status: DispatchStatus,
    /// The counts of its messages by state.
    pub counters: DispatchCounts,
    /// The time at which it was named; null where nobody has named it.
    pub created_at: Option<Time>,
    /// The time at which what people wrote about it was changed last; null where nobody has named it.
    pub updated_at: Option<Time>,
}

/// The status of a dispatch as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchStatus {
    /// Nothing was charged yet, or something may still become of some of its messages.
    Processing,
    /// All its messages are at their end, and some have got through or are with operators that send no
    /// receipts.
    Completed,
    /// All its messages are at their end, and none has got through.
    Failed,
}

/// The counts of a dispatch's messages by state and their cost, at the time of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispatchCounts {
    /// The number of messages charged.
    pub messages: u64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: u64,
    /// Taken by an operator.
    pub submitted: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Ended otherwise, those cancelled aside.
    pub failed: u64,
    /// The number of messages cancelled.
    pub cancelled: u64,
    /// Taken for good by operators that send no receipts: nothing more will be heard of them.
    pub unconfirmed: u64,
    /// The number of messages that have no final state yet.
    pub pending: u64,
    /// Delivered ones in a hundred charged ones, with two decimals; zero where none was charged.
    #[schema(pattern = "^[0-9]{1,3}\\.[0-9]{2}$", example = "98.25")]
    pub success_rate: String,
    /// Charged less given back; null where the caller is not told what the account pays, which is neither its own nor right
    /// below it.
    pub cost: Option<MoneySum>,
    /// The price that the operators charge, as far as it is known in that currency; null unless the caller
    /// sees all accounts.
    pub cost_operators: Option<MoneySum>,
    /// Of both costs.
    pub currency: CurrencyCode,
}

/// The progress of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DispatchProgress {
    /// The dispatch id.
    #[schema(example = "campaign-7")]
    pub id: String,
    /// The account that it belongs to.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// As a whole.
    pub status: DispatchStatus,
    /// The number of messages planned, if it was given.
    pub planned_messages: Option<u64>,
    /// The counts of its messages by state.
    pub counters: DispatchCounts,
}

/// A dispatch to name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDispatch {
    /// The account that it is for; the caller's own if it is not given.
    #[serde(default)]
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// The id that its messages carry in their dispatch TLV, byte for byte: 1 to 64 visible ASCII
    /// characters or spaces without a backslash, the first a letter or digit.
    #[schema(pattern = r"^[A-Za-z0-9][ -\[\]-~]{0,63}$", example = "campaign-7")]
    pub id: String,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200, example = "Autumn offers")]
    pub name: String,
    /// A description for people.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// The number of messages planned.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    pub planned_messages: Option<u64>,
}

/// A new name, description and plan of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchChange {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200, example = "Autumn offers")]
    pub name: String,
    /// A description for people.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// The number of messages planned.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_u64)]
    pub planned_messages: Option<u64>,
}

/// The account of the dispatch, for ids that several accounts use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DispatchOf {
    /// The account; the caller's own if it is not given. Callers that belong to no account have to say it,
    /// as two accounts may have a dispatch of the same id.
    #[serde(default)]
    pub account: Option<String>,
}

/// The order of a list of dispatches.
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
    /// The filters of a list of dispatches.
    pub struct DispatchesQuery {
        /// Only this account's.
        pub account: Option<String>,
        /// Only those that have come so far.
        #[param(inline)]
        pub status: Option<DispatchStatus>,
        /// Only those whose id or name contains this, in upper or lower case.
        pub search: Option<String>,
        /// The order of the list; by account and id if it is not given.
        #[param(inline)]
        pub sort: Option<DispatchSort>,
    }
}

list_query! {
    /// The filters of a list of a dispatch's messages.
    pub struct DispatchMessagesQuery {
        /// The account of the dispatch; the caller's own if it is not given.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<CdrState>,
    }
}
