//! A plan and its tiers as they are asked for.

use tollgate_engine::pumping::PumpingOverrides;

/// A plan as it is asked for, not checked yet. The file gets exactly these texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanInput {
    /// The name of the plan.
    pub name: String,
    /// The currency's code of ISO 4217.
    pub currency: String,
    /// The IANA name of the time zone.
    pub time_zone: String,
    /// A decimal number, per segment; `None` refuses messages that no rate holds for.
    pub base_price: Option<String>,
    /// Ascending, from segment one, without gaps; empty for none.
    pub tiers: Vec<TierInput>,
    /// `submit`, `acceptance` or `delivery`; `None` for the default.
    pub charge_on: Option<String>,
    /// Of `rejected`, `expired`, `undelivered`, `unknown`; `None` for the default.
    pub refund_on: Option<Vec<String>>,
    /// `operators`, `charge_only` or `routed`; `None` for the default.
    pub delivery: Option<String>,
    /// True if segments that a bundle covers count for the tiers.
    pub bundle_segments_count: bool,
    /// The search for traffic pumping, as far as it differs from that of all accounts.
    pub traffic_pumping: PumpingOverrides,
}

/// A volume tier as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierInput {
    /// The first segment of the month in it, counted from one.
    pub from: u64,
    /// The last one; `None` in the last tier.
    pub to: Option<u64>,
    /// A decimal number from 0 to 100.
    pub discount_percent: Option<String>,
    /// A decimal number, in place of the base price.
    pub price_per_sms: Option<String>,
}
