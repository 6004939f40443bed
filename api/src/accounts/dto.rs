//! The bodies and parameters of requests about accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pumping::TrafficPumping;
use crate::choice::documented;
use crate::extract::object;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::patch::{given, patched};
use crate::time::Time;

use super::resale::{AccountCap, BelowCost, Earning};
use tollgate_engine::account::{self, DeliveryMode};

/// An account as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, as in accounts.toml")]
pub struct Account {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`.
    #[schema(example = "biz_test_001")]
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// The reseller above it.
    pub parent: Option<String>,
    /// The place where it is provisioned.
    pub source: Source,
    /// The account's status, which says if its messages are accepted.
    pub status: AccountStatus,
    /// True if it may have accounts below it.
    pub is_reseller: bool,
    /// True if it buys its children's messages from the level above, or earns on them; otherwise they pay alone.
    pub chain: bool,
    /// The way in which its parent earns on it; null for those whom that is no business of, such as the account itself.
    pub earning: Option<Earning>,
    /// The price list of its parent that it buys by.
    pub price_list: Option<String>,
    /// The treatment of prices of its children that are below what it pays itself.
    pub below_cost: BelowCost,
    /// The limits of its money and messages by span.
    pub caps: Vec<AccountCap>,
    /// The address to which mail for it is sent.
    pub email: Option<String>,
    /// The name it binds with over SMPP.
    pub system_id: String,
    /// The name of its plan.
    #[schema(example = "starter")]
    pub plan: String,
    /// The plan's currency.
    pub currency: CurrencyCode,
    /// The amount by which the balance may go below zero: zero is prepaid, more is postpaid.
    pub credit_limit: Money,
    /// Below this balance it is warned.
    pub low_balance_threshold: Option<Money>,
    /// Calling code put before national numbers.
    #[schema(example = "254")]
    pub default_calling_code: Option<String>,
    /// The treatment of numbers of a length that no number of their country has.
    pub number_lengths: NumberLengths,
    /// The source addresses that it may use.
    pub senders: Senders,
    /// The texts that it may send.
    pub templates: TextPolicy,
    /// Messages per second; null for no limit.
    pub rate_limit: Option<RateLimit>,
    /// Binds at once.
    pub max_binds: u32,
    /// Unanswered requests of one bind; null for the server's number.
    pub window: Option<u32>,
    /// Addresses and blocks that it may bind from; empty for any.
    #[schema(example = json!(["192.0.2.0/24"]))]
    pub allowed_ips: Vec<String>,
    /// For so many seconds a message with the same user_message_reference, source and destination is taken
    /// for a resend; null for never.
    pub idempotency_by_user_message_reference_seconds: Option<u32>,
    /// True if every response carries price, balance and network.
    pub reply_tlvs: bool,
    /// The form in which receipts name the messages of binds of SMPP 3.3.
    pub smpp33_receipt_ids: Smpp33ReceiptIds,
    /// True if a network that it names in a TLV is believed.
    pub trusts_network_tlv: bool,
    /// The meaning of data_coding 0.
    pub default_coding: DefaultCoding,
    /// The step that follows once its messages are charged.
    pub delivery: Delivery,
    /// Its own prices, which come before its plan's.
    pub rates: Vec<AccountRate>,
    /// The URL to which its alerts are posted.
    pub alert_webhook_url: Option<String>,
    /// Segments of a calendar month above which it is warned of overage.
    pub overage_segments: Option<u64>,
    /// The search for traffic pumping, as it is for this account: its own settings over those of all.
    pub traffic_pumping: TrafficPumping,
    /// The time at which it was first provisioned.
    pub created_at: Time,
    /// The time at which it was changed last over this API; for one of a file, when it was first
    /// provisioned.
    pub updated_at: Time,
    /// Prices below cost that come with the change that this is the answer to, where they are warned of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<String>,
}

/// The place where an account or operator is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In a file; it is changed there, and every change over this API is refused.
    File,
    /// Over this API.
    Api,
}

/// The status of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Its messages are accepted.
    Active,
    /// Every one is refused.
    Suspended,
    /// It is no longer provisioned; its books can be read, and nothing of it can be changed.
    Removed,
}

/// The source addresses that an account may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Senders {
    /// The policy that is applied.
    pub policy: SenderPolicy,
    /// Those of the policy `listed`, byte for byte.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<String>,
}

/// The filters of a list of source addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderPolicy {
    /// Any source address is allowed.
    #[default]
    Any,
    /// Those that are listed.
    Listed,
    /// Its approved sender IDs.
    Approved,
}

/// Messages per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// In the long run.
    pub per_second: u32,
    /// At once, after a pause; as `per_second` if it is not given.
    #[serde(default)]
    pub burst: Option<u32>,
}

documented! {
    /// The filters of a list of texts.
    TextPolicy = account::TextPolicy;
    /// The meaning of data_coding 0 (SMPP 3.4 §5.2.19).
    DefaultCoding = account::DefaultCoding;
    /// The treatment of numbers of a length that no number of their country has: refused, or charged and counted.
    NumberLengths = account::NumberLengths;
    /// The form in which receipts name the messages of binds of SMPP 3.3, whose responses name them in hexadecimal.
    Smpp33ReceiptIds = tollgate_provisioning::Smpp33ReceiptIds;
    /// The step that follows once messages are charged.
    Delivery = DeliveryMode;
}

/// A price of an account's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRate {
    /// Mobile country code.
    #[schema(pattern = "^[0-9]{3}$", example = "639")]
    pub mcc: String,
    /// Mobile network code; null for the whole MCC.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{2,3}$", example = "02")]
    pub mnc: Option<String>,
    /// Of one segment.
    pub price: Money,
    /// First instant at which it holds; null for always.
    #[serde(default)]
    pub effective_from: Option<Time>,
    /// First instant at which it no longer holds; null for an open end.
    #[serde(default)]
    pub effective_to: Option<Time>,
}

/// The credentials with which an account binds.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Credentials {
    /// Its name over SMPP.
    pub system_id: String,
    /// Its password; kept hashed, and not shown again: null in the answer to a repeated request.
    pub password: Option<String>,
    /// Says in the answer to a repeated request how to get another password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("system_id", &self.system_id).finish_non_exhaustive()
    }
}

/// An account that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreatedAccount {
    /// The account itself.
    pub account: Account,
    /// The credentials with which it binds.
    pub credentials: Credentials,
}

/// An account to make.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "biz_test_003")]
    pub id: String,
    /// The name of its plan, one that the caller sees.
    #[schema(example = "starter")]
    pub plan: String,
    /// Everything else, as in a change.
    #[serde(default, deserialize_with = "object")]
    pub settings: AccountPatch,
    /// The reseller above it; the caller's own where the caller is a reseller.
    #[serde(default)]
    pub parent: Option<String>,
    /// Posted once; zero if it is not given. Admins only.
    #[serde(default)]
    pub opening_balance: Option<Money>,
    /// Its SMPP password of at most 64 octets; one is made if it is not given.
    #[serde(default)]
    pub password: Option<String>,
}

/// A change. Fields that are not sent stay as they are; null removes an optional value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// Its name, for people.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// True if it may have accounts below it. Admins only.
    #[serde(default)]
    pub is_reseller: Option<bool>,
    /// Another reseller above it, below the same account of the house. It cannot be taken away. For the level above the account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false)]
    pub parent: Option<String>,
    /// True if it buys its children's messages from the level above, or earns on them. For the level above the account.
    #[serde(default)]
    pub chain: Option<bool>,
    /// The way in which its parent earns on it. A commission is given by those above the parent, wholesale by the parent too.
    #[serde(default)]
    pub earning: Option<Earning>,
    /// The price list of its parent that it buys by. For the level above the account.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<String>)]
    pub price_list: Option<Option<String>>,
    /// The treatment of prices of its children that are below what it pays itself. For the level above the account.
    #[serde(default)]
    pub below_cost: Option<BelowCost>,
    /// The limits of its money and messages by span. For the level above the account.
    #[serde(default)]
    pub caps: Option<Vec<AccountCap>>,
    /// The address to which mail for it is sent.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// The name it binds with: at most 15 visible ASCII characters.
    #[serde(default)]
    pub system_id: Option<String>,
    /// Another plan, of the same currency. For admins, and for resellers that the account buys from in a chain.
    #[serde(default)]
    pub plan: Option<String>,
    /// The amount by which the balance may go below zero. For admins, and for resellers that the account buys from in a chain,
    /// up to their own.
    #[serde(default)]
    pub credit_limit: Option<Money>,
    /// Below this balance it is warned.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<Money>)]
    pub low_balance_threshold: Option<Option<Money>>,
    /// Calling code put before national numbers.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<String>)]
    pub default_calling_code: Option<Option<String>>,
    /// The treatment of numbers of a length that no number of their country has. Admins only.
    #[serde(default)]
    pub number_lengths: Option<NumberLengths>,
    /// The source addresses that it may use. For admins, and for resellers that the account buys from in a chain, no wider than
    /// their own.
    #[serde(default)]
    pub senders: Option<Senders>,
    /// The texts that it may send. For admins, and for resellers that the account buys from in a chain, no wider than their own.
    #[serde(default)]
    pub templates: Option<TextPolicy>,
    /// Messages per second. For the level above the account.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<RateLimit>)]
    pub rate_limit: Option<Option<RateLimit>>,
    /// Binds at once. For the level above the account.
    #[serde(default)]
    pub max_binds: Option<u32>,
    /// Unanswered requests of one bind. For the level above the account.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<u32>)]
    pub window: Option<Option<u32>>,
    /// Addresses and blocks that it may bind from. For the level above the account.
    #[serde(default)]
    pub allowed_ips: Option<Vec<String>>,
    /// For how many seconds user_message_reference serves as the idempotency key.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<u32>)]
    pub idempotency_by_user_message_reference_seconds: Option<Option<u32>>,
    /// True if every response carries price, balance and network.
    #[serde(default)]
    pub reply_tlvs: Option<bool>,
    /// The form in which receipts name the messages of binds of SMPP 3.3.
    #[serde(default)]
    pub smpp33_receipt_ids: Option<Smpp33ReceiptIds>,
    /// True if a network that it names in a TLV is believed. Admins only.
    #[serde(default)]
    pub trusts_network_tlv: Option<bool>,
    /// The meaning of data_coding 0.
    #[serde(default)]
    pub default_coding: Option<DefaultCoding>,
    /// The step that follows once its messages are charged. Admins only.
    #[serde(default)]
    pub delivery: Option<Delivery>,
    /// Its own prices. Admins only.
    #[serde(default)]
    pub rates: Option<Vec<AccountRate>>,
    /// The URL to which its alerts are posted.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<String>)]
    pub alert_webhook_url: Option<Option<String>>,
    /// Segments of a calendar month above which it is warned of overage.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<u64>)]
    pub overage_segments: Option<Option<u64>>,
    /// The search for traffic pumping, as a whole; null for that of all accounts. For the level above the account.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<TrafficPumping>)]
    pub traffic_pumping: Option<Option<TrafficPumping>>,
}

/// The order in which accounts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum AccountSort {
    /// Sorted by id.
    #[default]
    #[serde(rename = "id")]
    Id,
    /// By id, the last first.
    #[serde(rename = "-id")]
    IdBackwards,
    /// Sorted by name.
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

impl AccountSort {
    /// True if the last of the order comes first.
    pub const fn is_backwards(self) -> bool {
        matches!(self, Self::IdBackwards | Self::NameBackwards | Self::Newest)
    }
}

list_query! {
    /// The filters of a list of accounts.
    pub struct AccountsQuery {
        /// Only those in this state.
        pub status: Option<AccountStatus>,
        /// Only those on this plan.
        pub plan: Option<String>,
        /// Only those right below this reseller.
        pub parent: Option<String>,
        /// Only those from there.
        pub source: Option<Source>,
        /// Only those whose id or name contains this, in upper or lower case.
        pub search: Option<String>,
        /// The order of the list; by id if it is not given.
        #[param(inline)]
        pub sort: Option<AccountSort>,
    }
}
