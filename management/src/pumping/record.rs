//! A finding as the books keep it.

use serde::{Deserialize, Serialize};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::pumping::{
    EvidenceNumber, PumpingEnd, PumpingEvidence, PumpingFinding, PumpingFindingKind,
};
use tollgate_api::time::Time;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::pumping::{Evidence, Finding, FindingKind, Range};
use tollgate_engine::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A finding, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    pub account: String,
    #[serde(rename = "type")]
    pub kind: PumpingFindingKind,
    pub range: String,
    pub network: String,
    pub found_at: Time,
    #[serde(default)]
    pub stepped_down_at: Option<Time>,
    #[serde(default)]
    pub ended_at: Option<Time>,
    #[serde(default)]
    pub ended_by: Option<PumpingEnd>,
    #[serde(default)]
    pub refused: u32,
    pub evidence: PumpingEvidence,
}

impl FindingRecord {
    /// A finding that has just been made.
    pub fn new(account: &str, finding: &Finding, currency: Currency, now: UnixMicros) -> Self {
        Self {
            account: account.to_owned(),
            kind: kind_of(finding.kind),
            range: finding.range.to_string(),
            network: finding.network.to_string(),
            found_at: Time(now),
            stepped_down_at: finding.is_stepped_down.then_some(Time(now)),
            ended_at: None,
            ended_by: None,
            refused: finding.refused,
            evidence: evidence_of(&finding.evidence, currency),
        }
    }

    /// True while it is open and its rate is stepped down.
    pub fn is_stepped_down(&self) -> bool {
        self.stepped_down_at.is_some() && self.ended_at.is_none()
    }

    /// Takes over what a finding has counted since.
    pub fn count(&mut self, finding: &Finding) {
        self.refused = finding.refused;
        self.evidence.messages = finding.evidence.messages;
        self.evidence.different_numbers = finding.evidence.different_numbers;
        self.evidence.delivered = finding.evidence.delivered.into();
        self.evidence.undelivered = finding.evidence.failed.into();
    }

    /// The finding as a detector goes on with it after a restart; `None` where its range cannot be read.
    pub fn reopened(&self) -> Option<Finding> {
        let counts = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        Some(Finding {
            serial: 0,
            kind: engine_kind(self.kind),
            range: Range::parse(&self.range)?,
            network: NetworkCode::parse_joined(&self.network)?,
            is_stepped_down: self.stepped_down_at.is_some(),
            found_at: UnixMicros::default(),
            latest_at: UnixMicros::default(),
            refused: self.refused,
            evidence: Evidence {
                messages: self.evidence.messages,
                delivered: counts(self.evidence.delivered),
                failed: counts(self.evidence.undelivered),
                ..Evidence::default()
            },
        })
    }

    /// As it is shown.
    pub fn view(&self, id: &str) -> PumpingFinding {
        PumpingFinding {
            id: id.to_owned(),
            account: self.account.clone(),
            kind: self.kind,
            range: self.range.clone(),
            network: self.network.clone(),
            is_stepped_down: self.is_stepped_down(),
            found_at: self.found_at,
            stepped_down_at: self.stepped_down_at,
            ended_at: self.ended_at,
            ended_by: self.ended_by,
            refused: self.refused,
            evidence: self.evidence.clone(),
        }
    }

    /// The finding in a sentence, for people.
    pub fn sentence(&self) -> String {
        let PumpingEvidence { messages, different_numbers, delivered, undelivered, .. } = self.evidence;
        let sign = match self.kind {
            PumpingFindingKind::SequentialNumbers => "numbers in sequence",
            PumpingFindingKind::NarrowRange => "many numbers close together",
            PumpingFindingKind::NetworkShare => "a sudden share of a network that the account hardly used",
            PumpingFindingKind::DeliveryFall => "a delivery rate that has fallen away",
        };
        let span = self.evidence.span_seconds;
        let mut parts = vec![format!(
            "Traffic to {} looks pumped: {sign}; {messages} messages to {different_numbers} numbers or more in {span} s",
            self.range
        )];
        if delivered + undelivered > 0 {
            parts.push(format!("{delivered} delivered and {undelivered} not"));
        }
        if let Some(usual) = self.evidence.usual_price {
            let currency = self.evidence.currency.0;
            parts.push(format!(
                "at {} {currency} where {} {currency} is usual",
                self.evidence.price.0, usual.0
            ));
        }
        let numbers: Vec<&str> =
            self.evidence.numbers.iter().take(3).map(|one| one.number.as_str()).collect();
        if !numbers.is_empty() {
            parts.push(format!("among them {}", numbers.join(", ")));
        }
        if self.is_stepped_down() {
            parts.push("the rate of the range is stepped down".to_owned());
        }
        parts.join("; ")
    }
}

fn evidence_of(evidence: &Evidence, currency: Currency) -> PumpingEvidence {
    let money = |micros: u64| Money(Amount::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)));
    let percent = |share: u16| u32::from(share).div_ceil(10);
    let number = |(number, messages): &(u64, u16)| EvidenceNumber {
        number: number.to_string(),
        messages: (*messages).into(),
    };
    PumpingEvidence {
        numbers: evidence.numbers.iter().map(number).collect(),
        messages: evidence.messages,
        different_numbers: evidence.different_numbers,
        delivered: evidence.delivered.into(),
        undelivered: evidence.failed.into(),
        span_seconds: evidence.span_micros.div_ceil(MICROS_PER_SECOND),
        share_percent: percent(evidence.share_now),
        share_before_percent: evidence.share_before.map(percent),
        price: money(evidence.price),
        usual_price: evidence.usual_price.map(money),
        currency: CurrencyCode(currency),
        is_new_destination: evidence.is_new,
    }
}

fn kind_of(kind: FindingKind) -> PumpingFindingKind {
    match kind {
        FindingKind::SequentialNumbers => PumpingFindingKind::SequentialNumbers,
        FindingKind::NarrowRange => PumpingFindingKind::NarrowRange,
        FindingKind::NetworkShare => PumpingFindingKind::NetworkShare,
        FindingKind::DeliveryFall => PumpingFindingKind::DeliveryFall,
    }
}

fn engine_kind(kind: PumpingFindingKind) -> FindingKind {
    match kind {
        PumpingFindingKind::SequentialNumbers => FindingKind::SequentialNumbers,
        PumpingFindingKind::NarrowRange => FindingKind::NarrowRange,
        PumpingFindingKind::NetworkShare => FindingKind::NetworkShare,
        PumpingFindingKind::DeliveryFall => FindingKind::DeliveryFall,
    }
}
