//! An explained price, as lines for people and as JSON for programs.

use std::fmt::{self, Write};

use serde_json::{Value, json};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::rows::MessageState;

use super::explained_rate::ExplainedRate;
use super::priced_line::PricedLine;
use super::sale::Sale;

/// The explanation of one message's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The id of the message.
    pub message_id: u64,
    /// The account that paid.
    pub account: String,
    /// The currency of every amount here.
    pub currency: Currency,
    /// The account's plan at that time.
    pub plan: String,
    /// The tariff version, by content hash.
    pub tariff_version: String,
    /// The instant at which that version was first applied.
    pub tariff_applied_at: UnixMicros,
    /// The instant of submission, at which rates were looked up.
    pub submitted_at: UnixMicros,
    /// The destination in international form.
    pub number: String,
    /// The number's network.
    pub network: ExplainedNetwork,
    /// The segments that were charged.
    pub segments: u8,
    /// The data_coding of the message.
    pub data_coding: u8,
    /// The price of a segment before its tier; `None` where the version has none.
    pub rate: Option<ExplainedRate>,
    /// Segments that bundles covered, which are not among the lines.
    pub covered: u32,
    /// The sales of the levels above, each to the one below it, from the parent's up.
    pub sales: Vec<Sale>,
    /// The segments by tier.
    pub lines: Vec<PricedLine>,
    /// The month that the segments count in.
    pub month: Month,
    /// Segments of the account in that month before the message.
    pub counted_before: u64,
    /// The segments of it that count for the tiers.
    pub counted: u32,
    /// The sum of the lines; `None` where there is no price.
    pub total: Option<Amount>,
    /// The amount that was debited.
    pub charged: Amount,
    /// True if the sum is the amount that was debited.
    pub agrees: bool,
    /// The state of the message.
    pub state: MessageState,
    /// The instant of that state; `None` before the first.
    pub state_at: Option<UnixMicros>,
    /// The amount that was refunded.
    pub refunded: Amount,
}

/// The network of a number, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedNetwork {
    /// MCC and MNC.
    pub code: NetworkCode,
    /// Operator or brand; empty where only the code is known.
    pub operator: String,
    /// ISO 3166-1 alpha-2; `None` for international networks.
    pub country: Option<String>,
    /// The country's name.
    pub country_name: Option<String>,
    /// The way in which it was found, such as `prefix 25472`.
    pub found_by: String,
}

impl Explanation {
    /// The explanation as JSON.
    pub fn json(&self) -> Value {
        let code = self.network.code;
        json!({
            "message_id": self.message_id.to_string(),
            "account": self.account,
            "plan": self.plan,
            "currency": self.currency.as_str(),
            "tariff_version": self.tariff_version,
            "tariff_applied_at": self.tariff_applied_at.to_rfc3339(),
            "submitted_at": self.submitted_at.to_rfc3339(),
            "number": self.number,
            "network": {
                "mcc": format!("{:03}", code.mcc),
                "mnc": code.mnc.map(|mnc| mnc.to_string()),
                "operator": self.network.operator,
                "country": self.network.country_name,
                "found_by": self.network.found_by,
            },
            "segments": { "count": self.segments, "data_coding": self.data_coding },
            "rate": self.rate.as_ref().map(|rate| json!({
                "price": rate.price.to_string(),
                "kind": rate.kind,
                "source": rate.source,
            })),
            "covered_by_bundles": self.covered,
            "sales": self.sales.iter().map(Sale::json).collect::<Vec<_>>(),
            "lines": self.lines.iter().map(PricedLine::json).collect::<Vec<_>>(),
            "volume": { "month": self.month.to_string(), "before": self.counted_before, "after": self.counted_after() },
            "total": self.total.map(|total| total.to_string()),
            "price": self.charged.to_string(),
            "agrees": self.agrees,
            "state": self.state.name(),
            "state_at": self.state_at.map(UnixMicros::to_rfc3339),
            "refunded": self.refunded.to_string(),
        })
    }

    /// Segments of the account in the month with the message.
    pub fn counted_after(&self) -> u64 {
        self.counted_before.saturating_add(u64::from(self.counted))
    }
}

impl Explanation {
    /// The explanation in lines for people who are not told what the account paid.
    pub fn text_without_price(&self) -> String {
        let mut text = String::new();
        let told = self.write_message(&mut text).and_then(|()| self.write_sales(&mut text));
        let told = told.and_then(|()| writeln!(text, "state       {}", self.state.name()));
        // Nothing but a full memory keeps a text from being written.
        told.map_or_else(|_| String::new(), |()| text)
    }

    fn write_message(&self, f: &mut impl Write) -> fmt::Result {
        let Self { account, plan, currency, network, .. } = self;
        let country = network.country_name.as_deref().unwrap_or_default();
        let (version, applied) = (&self.tariff_version, self.tariff_applied_at.to_rfc3339());
        writeln!(f, "message     {}, submitted {}", self.message_id, self.submitted_at.to_rfc3339())?;
        writeln!(f, "account     {account}, plan {plan}, {currency}")?;
        writeln!(f, "tariff      version {version}, applied {applied}")?;
        writeln!(f, "number      {}", self.number)?;
        writeln!(f, "network     {} {} {country} ({})", network.code, network.operator, network.found_by)?;
        writeln!(f, "segments    {} (data_coding {})", self.segments, self.data_coding)
    }

    fn write_sales(&self, f: &mut impl Write) -> fmt::Result {
        self.sales.iter().try_for_each(|sale| writeln!(f, "sale        {}", sale.text()))
    }
}

/// The explanation in lines for people.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { currency, .. } = self;
        self.write_message(f)?;
        match &self.rate {
            Some(rate) => writeln!(f, "rate        {} {currency} per segment: {}", rate.price, rate.source)?,
            None => writeln!(f, "rate        none")?,
        }
        if self.covered > 0 {
            writeln!(f, "bundles     cover {} of {} segments", self.covered, self.segments)?;
        }
        for PricedLine { line, total, tier } in &self.lines {
            writeln!(f, "            {} x {} = {total} {tier}", line.segments, line.price_per_segment)?;
        }
        self.write_sales(f)?;
        let (before, after) = (self.counted_before, self.counted_after());
        writeln!(f, "volume      {before} segments in {} before, {after} after", self.month)?;
        let agrees = if self.agrees { "as worked out here" } else { "which is NOT what is worked out here" };
        writeln!(f, "price       {} {currency}, {agrees}", self.charged)?;
        writeln!(f, "state       {}, refunded {} {currency}", self.state.name(), self.refunded)
    }
}
