//! What routing is asked and what it answers: a message, how operators fare, and where the message goes.

use crate::money::{Amount, Currency};
use crate::network::NetworkId;
use crate::operator::OperatorNumber;
use crate::time::UnixMicros;

/// How an operator fares at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Whether a link is bound and the breaker lets messages through.
    pub available: bool,
    /// 0 to 100, as [`crate::health::score`] has it.
    pub score: u8,
}

/// Where routing learns how operators fare. It is asked for every candidate of every message, so it answers without
/// waiting for anybody.
pub trait Conditions {
    /// How the operator fares now.
    fn condition(&self, operator: OperatorNumber) -> Condition;
}

/// Every operator is available and in best health: for quotes, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllUp;

impl Conditions for AllUp {
    fn condition(&self, _: OperatorNumber) -> Condition {
        Condition { available: true, score: 100 }
    }
}

/// A message as far as its way depends on it.
#[derive(Clone, Copy, Debug)]
pub struct RouteAsk<'a> {
    /// Where it goes.
    pub network: NetworkId,
    /// Who pays.
    pub account: &'a str,
    /// Source address as submitted.
    pub source: &'a [u8],
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// What is charged for, and what the operator charges for.
    pub segments: u8,
    /// Of the whole message, in `currency`.
    pub price: Amount,
    /// What the account pays in.
    pub currency: Currency,
    /// When.
    pub now: UnixMicros,
    /// Any hash. Equal ones draw alike, so the parts of a long message have one.
    pub spread: u64,
    /// Operators that have had the message already.
    pub tried: &'a [OperatorNumber],
    /// New, or on its way already.
    pub stage: RouteStage,
}

/// How far a message is when it is routed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RouteStage {
    /// New: active operators only.
    #[default]
    Submit,
    /// Charged before: draining operators too.
    Resend,
}

/// What an operator asks for all segments of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// In the operator's currency.
    pub amount: Amount,
    /// In the account's; `None` where no exchange rate holds.
    pub in_account_currency: Option<Amount>,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// To whom.
    pub operator: OperatorNumber,
    /// For how much.
    pub cost: Cost,
    /// Whether that is more than its price; looked at only where the margin guard is not off.
    pub above_price: bool,
}

/// Why a message goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoRoute {
    /// No operator takes it.
    NoCandidate,
    /// Some would, for more than its price.
    AbovePrice,
}

/// One operator's place in the ranking of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub operator: OperatorNumber,
    /// Whether it gets the message.
    pub verdict: CandidateVerdict,
    /// What it would ask for it, where that is known.
    pub cost: Option<Cost>,
    /// How it fares.
    pub condition: Condition,
}

/// Whether an operator gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateVerdict {
    /// It does.
    Chosen,
    /// It could; those ranked before it come first.
    Eligible,
    /// It cannot.
    Refused(RouteRefusal),
}

/// Why an operator cannot get a message. Where several reasons apply, the first that is found is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteRefusal {
    /// It is disabled.
    Disabled,
    /// It gets no new messages.
    Draining,
    /// It does not deliver to the network.
    NetworkNotServed,
    /// The rule for the network names others.
    NotInRule,
    /// It does not take the source address.
    SenderNotTaken,
    /// It does not take the account's messages.
    AccountNotTaken,
    /// It does not take the data coding.
    DataCodingNotTaken,
    /// What it asks for the network is not known.
    NoCost,
    /// It asks more than the message's price.
    AbovePrice,
    /// It has had the message before.
    AlreadyTried,
}

impl RouteRefusal {
    /// The name in APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Draining => "draining",
            Self::NetworkNotServed => "network_not_served",
            Self::NotInRule => "not_in_rule",
            Self::SenderNotTaken => "sender_not_taken",
            Self::AccountNotTaken => "account_not_taken",
            Self::DataCodingNotTaken => "data_coding_not_taken",
            Self::NoCost => "no_cost",
            Self::AbovePrice => "above_price",
            Self::AlreadyTried => "already_tried",
        }
    }
}
