//! The bodies and parameters of requests about operators.

use serde::{Deserialize, Serialize};
use tollgate_provisioning::bounds::operator as bounds;
use utoipa::{IntoParams, ToSchema};

use super::smpp::SmppConfig;
use crate::accounts::Source;
use crate::choice::documented;
use crate::extract::object;
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;
use tollgate_engine::operator;

/// An operator: an upstream SMSC that messages are handed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Operator {
    /// Its name in metrics, logs and CDRs.
    #[schema(example = "UZ_UCELL")]
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// The place where it is provisioned.
    pub source: Source,
    /// The country that it is in: ISO 3166-1 alpha-2.
    #[schema(example = "UZ")]
    pub country: Option<String>,
    /// The operator's status, which says if it gets messages.
    pub status: OperatorStatus,
    /// The destinations that it delivers to: networks such as `434/05`, and whole countries such as `434`;
    /// null for all.
    #[schema(example = json!(["434/05"]))]
    pub networks: Option<Vec<String>>,
    /// Mobile country code, where it delivers to one network or one MCC only.
    pub mcc: Option<String>,
    /// Mobile network code, where it delivers to one network only.
    pub mnc: Option<String>,
    /// The currency of its prices.
    pub currency: CurrencyCode,
    /// The price that it charges for a segment if no row of `costs` applies; null if such messages cannot
    /// go to it.
    pub price_per_sms: Option<Money>,
    /// The price that it charges for a segment, by network.
    pub costs: Vec<OperatorCost>,
    /// Lower is tried first.
    pub priority: u32,
    /// Share among equals.
    pub weight: u32,
    /// The source addresses that it accepts; null for any.
    pub senders: Option<Vec<String>>,
    /// The accounts whose messages it accepts; null for all.
    pub accounts: Option<OperatorAccounts>,
    /// The values of data_coding that it accepts; null for all.
    pub data_codings: Option<Vec<u8>>,
    /// The settings of its links, without the password.
    pub smpp_config: SmppConfig,
    /// The time at which it was first provisioned.
    pub created_at: Time,
    /// The time at which it was changed last over this API; for one of a file, when it was first
    /// provisioned.
    pub updated_at: Time,
    /// In the answer to a change, the traffic of the last day that finds no operator with it; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrouted: Option<Vec<UnroutedTraffic>>,
}

/// Messages that would be refused with `no_route`, as far as that is known without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnroutedTraffic {
    /// The account that sent them.
    pub account: String,
    /// Mobile country code.
    #[schema(example = "639")]
    pub mcc: String,
    /// Mobile network code; null for those of no known network.
    #[schema(example = "02")]
    pub mnc: Option<String>,
    /// Their number in the last day.
    pub messages: u64,
    /// True if they find a route, or need none, as long as the change is not made.
    pub is_new: bool,
}

/// The options of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OperatorChangeQuery {
    /// Only says what would be: the operator, and the traffic of the last day that would find no route.
    #[serde(default)]
    pub dry_run: bool,
}

documented! {
    /// The status of an operator.
    OperatorStatus = operator::OperatorStatus;
}

/// The price that an operator charges for a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorCost {
    /// Mobile country code.
    #[schema(pattern = "^[0-9]{3}$", example = "434")]
    pub mcc: String,
    /// Mobile network code; null for the whole MCC.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{2,3}$", example = "05")]
    pub mnc: Option<String>,
    /// Of one segment, in the operator's currency.
    pub cost: Money,
    /// First instant at which it holds; null for always.
    #[serde(default)]
    pub effective_from: Option<Time>,
    /// First instant at which it no longer holds; null for an open end.
    #[serde(default)]
    pub effective_to: Option<Time>,
}

/// The accounts whose messages an operator accepts: one of the two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorAccounts {
    /// Those of these accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Those of all accounts but these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// The new definition of an operator. What is not given is as for a new one; only the password stays as it
/// is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorInput {
    /// Its name in metrics, logs and CDRs: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "UZ_UCELL")]
    pub code: String,
    /// The name of it for people; its code if it is not given.
    #[serde(default)]
    pub name: Option<String>,
    /// The country that it is in: ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(pattern = "^[A-Z]{2}$", example = "UZ")]
    pub country: Option<String>,
    /// The operator's status, which says if it gets messages.
    #[serde(default)]
    pub status: OperatorStatus,
    /// The destinations that it delivers to: networks such as `434/05`, and whole countries such as `434`;
    /// null for all.
    #[serde(default)]
    #[schema(example = json!(["434/05"]))]
    pub networks: Option<Vec<String>>,
    /// In place of `networks`: the one MCC that it delivers to.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{3}$", example = "434")]
    pub mcc: Option<String>,
    /// Beside `mcc`: the one network that it delivers to.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{2,3}$", example = "05")]
    pub mnc: Option<String>,
    /// The currency of its prices.
    pub currency: CurrencyCode,
    /// The price that it charges for a segment if no row of `costs` applies; null if such messages cannot
    /// go to it.
    #[serde(default)]
    pub price_per_sms: Option<Money>,
    /// The price that it charges for a segment, by network.
    #[serde(default)]
    pub costs: Vec<OperatorCost>,
    /// Lower is tried first.
    #[serde(default = "default_priority")]
    pub priority: u32,
    /// Share among equals; 0 takes only what no equal can.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// The source addresses that it accepts; null for any.
    #[serde(default)]
    pub senders: Option<Vec<String>>,
    /// The accounts whose messages it accepts; null for all.
    #[serde(default)]
    pub accounts: Option<OperatorAccounts>,
    /// The values of data_coding that it accepts; null for all.
    #[serde(default)]
    pub data_codings: Option<Vec<u8>>,
    /// The settings of its links.
    #[serde(deserialize_with = "object")]
    pub smpp_config: SmppConfig,
}

fn default_priority() -> u32 {
    bounds::PRIORITY.default
}

fn default_weight() -> u32 {
    bounds::WEIGHT.default
}

/// The order in which operators are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorSort {
    /// Sorted by code.
    #[default]
    Code,
    /// By priority, then by code.
    Priority,
    /// By name, then by code.
    Name,
}

list_query! {
    /// The filters of a list of operators.
    pub struct OperatorsQuery {
        /// Only those with this status.
        pub status: Option<OperatorStatus>,
        /// Only those in this country.
        pub country: Option<String>,
        /// Only those that deliver to some network of this MCC.
        pub mcc: Option<String>,
        /// Beside `mcc`: only those that deliver to this network.
        pub mnc: Option<String>,
        /// Only those from there.
        pub source: Option<Source>,
        /// Only those whose code or name contains this, in upper or lower case.
        pub search: Option<String>,
        /// The order of the list; by code if it is not given.
        #[param(inline)]
        pub sort: Option<OperatorSort>,
    }
}
