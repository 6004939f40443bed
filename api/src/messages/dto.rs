//! The bodies and parameters of requests about messages, charged and refused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::charges::Network;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;
use crate::user_sms_id::UserSmsId;

/// True if a message was charged, or refused instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageOutcome {
    /// It was accepted from its gateway, and paid for.
    Charged,
    /// It was refused, and nothing was taken for it.
    Refused,
}

/// The state of a message: by the names of SMPP 3.4 §5.2.28, or refused before it was any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Charged, and not at its end.
    Enroute,
    /// It reached its destination.
    Delivered,
    /// Its validity ended.
    Expired,
    /// Cancelled before delivery.
    Deleted,
    /// It could not be delivered.
    Undeliverable,
    /// An operator that sends no receipts has it: nothing more will be heard.
    Accepted,
    /// Nobody can say.
    Unknown,
    /// No operator took it, or the one that did rejected it.
    Rejected,
    /// It was refused when it was submitted, and not charged.
    Refused,
}

/// A message, charged or refused. Its text is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListedMessage {
    /// The id of it: that which its gateway knows, or of a refused one, which has none there, its own.
    #[schema(example = "178466400000000000")]
    pub id: String,
    /// Charged or refused.
    pub outcome: MessageOutcome,
    /// The account that paid, or would have.
    pub account: String,
    /// The time at which it came.
    pub submitted_at: Time,
    /// The state of the message.
    pub state: MessageState,
    /// The time of that state; null while a charged message is on its way.
    pub state_at: Option<Time>,
    /// The sender as submitted.
    pub source: String,
    /// The destination in international form; as submitted where a refused one is no number.
    pub destination: String,
    /// The network of the destination, with its present names; null where the numbering plan knows none.
    pub network: Option<Network>,
    /// The number of segments; null of a refused message where they cannot be counted.
    pub segments: Option<u8>,
    /// Of all segments; null of a refused message, and where the caller is more than one level above the account.
    pub price: Option<Money>,
    /// Of the price: that of the account.
    pub currency: Option<CurrencyCode>,
    /// Given back: nothing or all of the price; null where `price` is.
    pub refunded: Option<Money>,
    /// True if it is charged only, and its gateway delivers it.
    pub charge_only: bool,
    /// The dispatch that it belongs to.
    pub dispatch_id: Option<String>,
    /// The client's key against charging twice.
    pub idempotency_key: Option<String>,
    /// The client's own id for it.
    pub user_sms_id: Option<UserSmsId>,
    /// Of the last refusal by an operator, the receipt or the report; zero for none.
    pub error: u32,
    /// The reason of a refusal, such as `insufficient_funds`; null of a charged message.
    #[schema(example = "insufficient_funds")]
    pub reason: Option<String>,
    /// The SMPP command_status that a refused message was answered with.
    #[schema(example = 69)]
    pub command_status: Option<u32>,
    /// The operator that has it, or refused it last, or in whose queue it waits; only for callers that see all accounts.
    pub operator_code: Option<String>,
    /// The operator's id of it; only for callers that see all accounts.
    pub operator_message_id: Option<String>,
    /// The price that the operator charges; only for callers that see all accounts.
    pub cost: Option<Money>,
    /// Of the cost.
    pub cost_currency: Option<CurrencyCode>,
    /// The number of times that it was sent.
    pub attempts: u8,
}

/// A page of messages, with the span that was searched and a count beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageList {
    /// The newest first.
    pub items: Vec<ListedMessage>,
    /// The value to send as `cursor` for the next page; null on the last one. A page may have fewer items than its limit, or
    /// none, and still not be the last.
    pub next_cursor: Option<String>,
    /// The beginning of the span that was searched; null where all time is, as for an id.
    pub from: Option<Time>,
    /// The end of the span. Where the query says none it is the time of the first page, for all pages.
    pub to: Time,
    /// The number of messages that the query finds, as far as they were counted for the first page.
    pub total: u64,
    /// True if `total` is all of them; otherwise there are at least so many.
    pub total_is_exact: bool,
}

list_query! {
    /// The filters of a search for messages. All that are given hold.
    pub struct MessagesQuery {
        /// Only this account's.
        pub account: Option<String>,
        /// Only those to this number, in international form; `+` or `00` in front are left out.
        pub destination: Option<String>,
        /// Only those to numbers that begin with these digits.
        pub destination_prefix: Option<String>,
        /// The message of this id: the one that its gateway knows, also that of an SMPP 3.3 bind. Searches all time unless
        /// `from` is given.
        pub message_id: Option<String>,
        /// Those that an operator knows by this id; only for callers that see all accounts. Searches all time unless `from` is
        /// given; of messages that ended more than seven days ago the last seven days only.
        pub operator_message_id: Option<String>,
        /// Only those with this key of the client's against charging twice.
        pub idempotency_key: Option<String>,
        /// Only those with this id of the client's own, a text or a number.
        pub user_sms_id: Option<String>,
        /// Only those from this sender, as submitted.
        pub sender: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<MessageState>,
        /// Only charged or only refused ones.
        #[param(inline)]
        pub outcome: Option<MessageOutcome>,
        /// Only those that were refused for this reason, such as `insufficient_funds`.
        pub reason: Option<String>,
        /// Only those of this dispatch.
        pub dispatch_id: Option<String>,
        /// Only charged ones of this operator, by its code; only for callers that see all accounts.
        pub operator: Option<String>,
        /// Only those to this mobile country code.
        #[param(pattern = "^[0-9]{3}$")]
        pub mcc: Option<String>,
        /// Only those to this mobile network code.
        #[param(pattern = "^[0-9]{2,3}$")]
        pub mnc: Option<String>,
        /// Only those to this country, by ISO 3166-1 alpha-2.
        #[param(pattern = "^[A-Za-z]{2}$")]
        pub country: Option<String>,
        /// Only those that came at or after; seven days before `to` if it is not given.
        pub from: Option<Time>,
        /// Only those that came before; now if it is not given.
        pub to: Option<Time>,
    }
}

list_query! {
    /// The filters of counts of refused messages.
    pub struct RefusalsQuery {
        /// Only this account's.
        pub account: Option<String>,
        /// Only this reason, such as `insufficient_funds`.
        pub reason: Option<String>,
        /// Only those that came at or after; seven days before `to` if it is not given.
        pub from: Option<Time>,
        /// Only those that came before; now if it is not given.
        pub to: Option<Time>,
    }
}

/// The refused messages of an account and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountedRefusals {
    /// The account that they came from.
    pub account: String,
    /// The reason that its gateway was told.
    #[schema(example = "insufficient_funds")]
    pub reason: String,
    /// A description of the reason, and of what would mend it.
    pub remedy: String,
    /// The number of messages.
    pub count: u64,
    /// Those of them that are kept and can be listed; the others were too many.
    pub kept: u64,
    /// The time of the last of them, to ten seconds.
    pub last_at: Time,
}

/// A page of counts, with the span that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusalList {
    /// The most frequent first.
    pub items: Vec<CountedRefusals>,
    /// The value to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// The beginning of the span.
    pub from: Time,
    /// The end of the span.
    pub to: Time,
    /// The number of messages of all pages.
    pub total: u64,
    /// True if `total` and the counts are all of them; otherwise the earliest of the span were not read in time.
    pub total_is_exact: bool,
}
