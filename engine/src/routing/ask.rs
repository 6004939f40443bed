//! Questions to routing and its answers: a message, the condition of operators, and the operator that gets
//! the message.

use crate::money::{Amount, Currency};
use crate::network::NetworkId;
use crate::operator::OperatorNumber;
use crate::time::UnixMicros;

/// The condition of an operator at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// True if a link is bound and the breaker lets messages through.
    pub available: bool,
    /// 0 to 100, as [`crate::health::score`] has it.
    pub score: u8,
}

/// The source of operators' conditions. It is asked for every candidate of every message, so it answers
/// without waiting for anybody.
pub trait Conditions {
    /// The condition of the operator now.
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
    /// The network that it goes to.
    pub network: NetworkId,
    /// The account that pays.
    pub account: &'a str,
    /// Source address as submitted.
    pub source: &'a [u8],
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// The segments that the account and the operator are charged for.
    pub segments: u8,
    /// Of the whole message, in `currency`.
    pub price: Amount,
    /// The currency that the account pays in.
    pub currency: Currency,
    /// The time of routing.
    pub now: UnixMicros,
    /// Any hash. Equal ones draw alike, so the parts of a long message have one.
    pub spread: u64,
    /// Operators that have had the message already.
    pub tried: &'a [OperatorNumber],
    /// New, or on its way already.
    pub stage: RouteStage,
}

/// The stage that a message is in when it is routed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RouteStage {
    /// New: active operators only.
    #[default]
    Submit,
    /// Charged before: draining operators too.
    Resend,
}

/// The cost that an operator asks for all segments of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// In the operator's currency.
    pub amount: Amount,
    /// In the account's; `None` where no exchange rate holds.
    pub in_account_currency: Option<Amount>,
}

/// The operator that a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The operator that gets it.
    pub operator: OperatorNumber,
    /// For how much.
    pub cost: Cost,
    /// True if that is more than its price; looked at only where the margin guard is not off.
    pub above_price: bool,
}

/// The reason for which a message goes nowhere.
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
    /// The operator in question.
    pub operator: OperatorNumber,
    /// The decision on it.
    pub verdict: CandidateVerdict,
    /// The cost that it would ask, where that is known.
    pub cost: Option<Cost>,
    /// The condition that it is in.
    pub condition: Condition,
}

/// The decision if an operator gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateVerdict {
    /// It gets the message.
    Chosen,
    /// It could; those ranked before it come first.
    Eligible,
    /// It cannot get the message.
    Refused(RouteRefusal),
}

/// The reason for which an operator cannot get a message. Of several the first that is found is given.
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
    /// Its cost for the network is not known.
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
