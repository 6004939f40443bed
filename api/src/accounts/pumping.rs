//! The search for traffic pumping in an account's messages, as it is set.

use serde::{Deserialize, Serialize};
use tollgate_engine::pumping;
use utoipa::ToSchema;

use crate::choice::documented;

documented! {
    /// The treatment of traffic pumping: nobody looks for it, findings raise alerts, or the rate of ranges is stepped down too.
    PumpingMode = pumping::PumpingMode;
}

/// The search for traffic pumping. What is null is as the plan says, or else
/// `[traffic_pumping]` of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficPumping {
    /// The treatment of traffic pumping.
    pub mode: Option<PumpingMode>,
    /// Different numbers in sequence from which on a range is found.
    pub sequence_numbers: Option<u32>,
    /// Different numbers close together from which on a range is found.
    pub narrow_numbers: Option<u32>,
    /// The share of the last messages, in percent, from which on new and expensive networks are found.
    pub share_percent: Option<u32>,
    /// The price, in percent of what the account usually pays, from which on a destination is expensive.
    pub expensive_percent: Option<u32>,
    /// The share of ended messages, in percent, up to which a range counts as not delivered.
    pub delivered_percent: Option<u32>,
    /// Messages that a range whose rate is stepped down may still have in a minute.
    pub step_down_per_minute: Option<u32>,
    /// Minutes without a sign after which a finding ends and its step-down is lifted.
    pub quiet_minutes: Option<u32>,
}
