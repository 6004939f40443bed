//! The bodies and parameters of requests about events and their deliveries.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::types::EventType;
use crate::list_query;
use crate::time::Time;

/// Something that has happened to money, written down in the change that it tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    /// The id of it, by which whoever gets it twice knows it again.
    #[schema(example = "evt_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The type of the event, such as `payment.succeeded`.
    #[serde(rename = "type")]
    #[schema(example = "payment.succeeded")]
    pub kind: String,
    /// The time at which it happened.
    pub timestamp: Time,
    /// The account that it is about; null where it is about the house.
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// The data of the event; its form is that of its type.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// A type of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventTypeInfo {
    /// The dotted name.
    #[schema(example = "payment.succeeded")]
    #[serde(rename = "type")]
    pub kind: String,
    /// A sentence that says when it happens.
    pub description: String,
    /// The name of the schema of its data.
    #[schema(example = "PaymentEventData")]
    pub data_schema: String,
    /// An example of its data.
    #[schema(value_type = Object)]
    pub example: Value,
}

impl From<EventType> for EventTypeInfo {
    fn from(kind: EventType) -> Self {
        Self {
            kind: kind.name().to_owned(),
            description: kind.description().to_owned(),
            data_schema: kind.family().schema().to_owned(),
            example: kind.example(),
        }
    }
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is still to be tried, or tried again.
    Waiting,
    /// It was answered well.
    Delivered,
    /// It was tried as often as it may be, and is given up; it can be sent again.
    Failed,
    /// It is not tried any more, as the endpoint was switched off or removed, or the recipient is gone.
    Cancelled,
}

/// One try to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    /// The time at which it was begun.
    pub at: Time,
    /// The HTTP status of the answer; null where there was none, and for mails.
    #[serde(default)]
    pub status: Option<u16>,
    /// The milliseconds that it took.
    pub latency_ms: u64,
    /// The reason that it failed for; null where it did not.
    #[serde(default)]
    pub error: Option<String>,
}

/// An event on its way to one webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventDelivery {
    /// The event that is delivered.
    pub event: String,
    /// The type of the event.
    #[schema(example = "payment.succeeded")]
    pub event_type: String,
    /// The webhook endpoint that it is for.
    pub endpoint: String,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// The number of all tries.
    pub attempts: u32,
    /// The time of the next try, if there is one.
    pub next_attempt_at: Option<Time>,
    /// The latest tries, the earliest first: twenty at most.
    pub log: Vec<DeliveryAttempt>,
    /// The time at which it was queued.
    pub created_at: Time,
}

list_query! {
    /// The filters of a list of events.
    pub struct EventsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those of this type, or of a group of types such as `payment.*`.
        #[serde(rename = "type")]
        #[param(example = "payment.*")]
        pub kind: Option<String>,
    }
}

list_query! {
    /// The filters of a list of deliveries.
    pub struct DeliveriesQuery {
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<DeliveryState>,
    }
}

/// The endpoints that an event is sent to again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Only to this endpoint; otherwise to all that the caller may see, that take the event, and that are switched on.
    #[serde(default)]
    pub endpoint: Option<String>,
}

/// The deliveries that were queued again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Resent {
    /// One for each endpoint.
    pub deliveries: Vec<EventDelivery>,
}
