//! The measures that time series can be asked for, and lists of them in a parameter.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One figure of each point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The messages charged.
    Messages,
    /// Their segments, less those of messages whose charge was given back.
    Segments,
    /// Messages that an operator took.
    Accepted,
    /// The messages delivered.
    Delivered,
    /// Messages that ended otherwise, those cancelled aside.
    Failed,
    /// Messages cancelled before they were sent.
    Cancelled,
    /// Messages taken for good by operators that send no receipts.
    Unconfirmed,
    /// Messages of which something may still become.
    Pending,
    /// Delivered of those delivered and failed, in percent.
    DeliveryRate,
    /// The messages refused.
    Refusals,
    /// Paid by accounts for their own messages, less what was given back.
    Spend,
    /// Of what accounts paid for their own messages, what was given back.
    Refunded,
    /// Paid to the house, less what was given back; for a reseller, its sales.
    Revenue,
    /// The operators' costs; for a reseller, what it paid for what it sold.
    Cost,
    /// Revenue less cost, and a reseller's commissions.
    Margin,
    /// The time from submit to acceptance by an operator.
    AcceptanceLatency,
    /// The time from acceptance to the receipt of delivery.
    DeliveryLatency,
}

impl Measure {
    /// Every measure there is.
    pub const ALL: [Self; 17] = [
        Self::Messages,
        Self::Segments,
        Self::Accepted,
        Self::Delivered,
        Self::Failed,
        Self::Cancelled,
        Self::Unconfirmed,
        Self::Pending,
        Self::DeliveryRate,
        Self::Refusals,
        Self::Spend,
        Self::Refunded,
        Self::Revenue,
        Self::Cost,
        Self::Margin,
        Self::AcceptanceLatency,
        Self::DeliveryLatency,
    ];

    /// The name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Segments => "segments",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unconfirmed => "unconfirmed",
            Self::Pending => "pending",
            Self::DeliveryRate => "delivery_rate",
            Self::Refusals => "refusals",
            Self::Spend => "spend",
            Self::Refunded => "refunded",
            Self::Revenue => "revenue",
            Self::Cost => "cost",
            Self::Margin => "margin",
            Self::AcceptanceLatency => "acceptance_latency",
            Self::DeliveryLatency => "delivery_latency",
        }
    }

    /// True for amounts of money, which have a currency.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Spend | Self::Refunded | Self::Revenue | Self::Cost | Self::Margin)
    }
}

/// Measures in the order in which they are asked for, each once; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measures(Vec<Measure>);

impl Measures {
    /// The measures in order.
    pub fn all(&self) -> &[Measure] {
        &self.0
    }

    /// The first one.
    pub fn first(&self) -> Measure {
        self.0.first().copied().unwrap_or(Measure::Messages)
    }

    /// True if this one is among them.
    pub fn has(&self, measure: Measure) -> bool {
        self.0.contains(&measure)
    }
}

impl Default for Measures {
    fn default() -> Self {
        Self(vec![Measure::Messages])
    }
}

impl Serialize for Measures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<_> = self.0.iter().map(|measure| measure.name()).collect();
        serializer.collect_str(&names.join(","))
    }
}

impl<'de> Deserialize<'de> for Measures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let mut measures = Vec::new();
        for name in text.split(',') {
            let known = Measure::ALL.into_iter().find(|measure| measure.name() == name);
            let measure = known.ok_or_else(|| {
                let names: Vec<_> = Measure::ALL.iter().map(|measure| measure.name()).collect();
                D::Error::custom(format!("`{name}` is no measure; there are {}", names.join(", ")))
            })?;
            if measures.contains(&measure) {
                return Err(D::Error::custom(format!("`{name}` is there twice")));
            }
            measures.push(measure);
        }
        Ok(Self(measures))
    }
}

impl PartialSchema for Measures {
    fn schema() -> RefOr<Schema> {
        let names: Vec<_> = Measure::ALL.iter().map(|measure| measure.name()).collect();
        let one = names.join("|");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^({one})(,({one}))*$")))
            .description(Some("Names of measures with commas between them, each once."))
            .examples(["messages,revenue"])
            .into()
    }
}

impl ToSchema for Measures {
    fn name() -> Cow<'static, str> {
        "Measures".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for measure in Measure::ALL {
            assert_eq!(serde_json::to_value(measure).unwrap(), measure.name());
        }
    }

    #[test]
    fn lists_are_read_in_order_and_have_no_name_twice() {
        let read = |text: &str| serde_json::from_value::<Measures>(text.into());
        let measures = read("revenue,messages").unwrap();
        assert_eq!(measures.all(), [Measure::Revenue, Measure::Messages]);
        assert_eq!(serde_json::to_value(&measures).unwrap(), "revenue,messages");
        for wrong in ["", "messages,", "messages,messages", "Messages", "messages, revenue", "profit"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
