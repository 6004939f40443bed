//! The bodies and parameters of requests about webhook endpoints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;
use crate::patch::given;
use crate::time::Time;

/// A URL that events are posted to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookEndpoint {
    /// The id of it.
    #[schema(example = "whe_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The account that it is of; null for the house.
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// The URL that events are posted to.
    #[schema(example = "https://example.com/tollgate")]
    pub url: String,
    /// A text for people.
    pub description: String,
    /// The event types that it gets: names, groups such as `payment.*`, or `*` for all.
    #[schema(example = json!(["payment.*", "invoice.sent"]))]
    pub event_types: Vec<String>,
    /// True if it also gets the events of accounts below its own.
    pub accounts_below: bool,
    /// True if events are posted to it.
    pub enabled: bool,
    /// The reason that it is switched off for; null while it is enabled.
    pub switched_off_by: Option<SwitchedOffBy>,
    /// The time since when no post was answered well; null if the last one was.
    pub failing_since: Option<Time>,
    /// The time until which posts also carry a signature of the secret before.
    pub previous_secret_until: Option<Time>,
    /// The time at which it was made.
    pub created_at: Time,
    /// The time at which it was changed last.
    pub updated_at: Time,
}

/// The reason that an endpoint is switched off for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchedOffBy {
    /// Somebody has switched it off.
    Caller,
    /// No post was answered well for days.
    Failures,
}

/// An endpoint to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    /// The account that it is of; if it is not given, that of the caller, and for a caller without one the house.
    #[serde(default)]
    pub account: Option<String>,
    /// The URL that events are posted to: `http` or `https`, without a user, on a public address or one of
    /// `[webhooks] allowed_networks`.
    #[schema(example = "https://example.com/tollgate")]
    pub url: String,
    /// A text for people, of at most 200 characters.
    #[serde(default)]
    pub description: String,
    /// The event types that it gets: names, groups such as `payment.*`, or `*` for all, which it is if it is not given. At most
    /// 50.
    #[serde(default)]
    #[schema(example = json!(["payment.*", "invoice.sent"]))]
    pub event_types: Option<Vec<String>>,
    /// True to get the events of accounts below its own too.
    #[serde(default)]
    pub accounts_below: bool,
    /// False to make it switched off.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

/// A new endpoint, with its secret.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewWebhookEndpointDone {
    /// The endpoint itself.
    pub endpoint: WebhookEndpoint,
    /// The secret that its posts are signed with, which is shown once; null in the answer to a repeated request.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// Says in the answer to a repeated request how to get another secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The secret is not printed.
impl std::fmt::Debug for NewWebhookEndpointDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewWebhookEndpointDone").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A change of an endpoint. What is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointPatch {
    /// Another URL that events are posted to.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Another text for people, of at most 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// Other event types, at most 50.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub event_types: Option<Vec<String>>,
    /// True to get the events of accounts below its own too.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub accounts_below: Option<bool>,
    /// False to switch it off, true to switch it on.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
}

/// The way in which a secret is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// The hours for which the secret before signs too, from 0 to 168; 24 if it is not given.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 168)]
    pub overlap_hours: Option<u32>,
}

/// The new secret of an endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointSecret {
    /// The secret, which is shown once; null in the answer to a repeated request.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// The time until which the secret before signs too.
    pub previous_secret_until: Option<Time>,
    /// Says in the answer to a repeated request how to get another secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The secret is not printed.
impl std::fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointSecret").finish_non_exhaustive()
    }
}

list_query! {
    /// The filters of a list of webhook endpoints.
    pub struct WebhookEndpointsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those that are switched on, or off.
        pub enabled: Option<bool>,
    }
}
