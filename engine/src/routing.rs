//! The choice of the operator that a message goes to.
//!
//! Routing is a function of the message, the definition and the operators' [`Condition`] at that moment.
//! Candidates per network are worked out when the definition is loaded ([`Routes::build`]); a message then
//! costs a look at each of them, without allocating ([`Routes::choose`]). [`Routes::explain`] says the same
//! of every operator, with reasons.
//!
//! An operator is **refused** for one of the reasons of [`RouteRefusal`]. Those that are left are **ranked**,
//! and the first one is chosen. Whatever the strategy, an operator that is not available now comes behind all
//! that are, as its queue is durable and waits for it; then
//!
//! | strategy | ranked by |
//! | --- | --- |
//! | `priority` | priority, then a draw by weight among equal priorities |
//! | `weighted` | a draw by weight, then priority |
//! | `least_cost` | cost in the account's currency, then priority, then a draw by weight |
//! | `best_quality` | score, then priority |
//! | `least_cost_above` | those at or above the score as by `least_cost`, behind them the others as by `best_quality` |
//!
//! and at last by code, so that nothing is left to chance. A draw is a function of the message's
//! [`RouteAsk::spread`] and the operator: parts of one long message go the same way, and when an operator
//! goes, only its own messages go elsewhere. An operator of weight 0 loses every draw against others.
//!
//! A cost that no exchange rate converts at that moment ranks behind all that are known, and for the margin
//! guard is above any price: a guard that cannot tell must not let pass.

mod ask;
mod choose;
mod closest;
mod rank;
mod table;

use std::sync::Arc;

use thiserror::Error;

use crate::exchange::ExchangeRates;
use crate::money::Currency;
use crate::network::NetworkCode;
use crate::operator::Operator;

pub use ask::{
    AllUp, Candidate, CandidateVerdict, Choice, Condition, Conditions, Cost, NoRoute, RouteAsk, RouteRefusal,
    RouteStage,
};
pub use table::Routes;

/// The order in which operators are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// By priority, then by weight.
    #[default]
    Priority,
    /// By weight, then by priority.
    Weighted,
    /// By cost, the least first.
    LeastCost,
    /// By score, the best first.
    BestQuality,
    /// Cost, among those whose score is good enough.
    LeastCostAbove {
        /// The lowest score, 0 to 100, that is.
        score: u8,
    },
}

impl Strategy {
    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Weighted => "weighted",
            Self::LeastCost => "least_cost",
            Self::BestQuality => "best_quality",
            Self::LeastCostAbove { .. } => "least_cost_above",
        }
    }

    /// The strategy that a file names, with the score that `least_cost_above` goes by.
    pub fn from_name(name: &str, score: u8) -> Option<Self> {
        let all = [Self::Priority, Self::Weighted, Self::LeastCost, Self::BestQuality];
        let all = all.into_iter().chain([Self::LeastCostAbove { score }]);
        all.into_iter().find(|strategy| strategy.name() == name)
    }

    /// True if costs are compared, so that every operator's currency has to convert to every account's.
    pub const fn compares_costs(self) -> bool {
        matches!(self, Self::LeastCost | Self::LeastCostAbove { .. })
    }
}

/// The rule for an operator that asks more for a message than the account pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MarginGuard {
    /// Nothing is compared.
    #[default]
    Off,
    /// The message goes there, and [`Choice::above_price`] says so.
    Alert,
    /// The operator is refused for this message.
    Reroute,
    /// The message is refused where the first in rank is such an operator.
    Refuse,
}

impl MarginGuard {
    /// Every guard there is.
    pub const ALL: [Self; 4] = [Self::Off, Self::Alert, Self::Reroute, Self::Refuse];

    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Alert => "alert",
            Self::Reroute => "reroute",
            Self::Refuse => "refuse",
        }
    }

    /// The one that a file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guard| guard.name() == name)
    }
}

/// The routing of the networks that a code stands for. For one network the most exact rule holds: one for the
/// very code, for an alias of it, for its MCC, for another MCC of its country, for all networks; among equals
/// the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteRule {
    /// The code; `None` for all networks.
    pub network: Option<NetworkCode>,
    /// `None` for that of the definition.
    pub strategy: Option<Strategy>,
    /// `None` for that of the definition.
    pub margin_guard: Option<MarginGuard>,
    /// The only operators that may take messages, by code; `None` for all.
    pub operators: Option<Vec<Arc<str>>>,
}

/// The definition that routes are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingDefinition {
    /// The strategy where no rule says otherwise.
    pub strategy: Strategy,
    /// The margin guard where no rule says otherwise.
    pub margin_guard: MarginGuard,
    /// In the order of the file.
    pub rules: Vec<RouteRule>,
    /// With their numbers; only numbered ones can be told apart.
    pub operators: Vec<Operator>,
    /// The exchange rates that costs are converted by.
    pub exchange: ExchangeRates,
    /// Every currency that an account has.
    pub account_currencies: Vec<Currency>,
}

/// The reason for which routes cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoutingError {
    /// A rule names an operator that is not there.
    #[error("the routing rule for {}: no operator `{operator}`", name_of(*network))]
    UnknownOperator {
        /// The rule's network.
        network: Option<NetworkCode>,
        /// The operator that it names.
        operator: Arc<str>,
    },
    /// Costs are compared with prices or with one another, and nothing converts one currency to another.
    #[error("operator `{operator}`: no exchange rate from {from} to {to}, which accounts pay in")]
    NoExchangeRate {
        /// The operator of the costs.
        operator: Arc<str>,
        /// The currency that it charges in.
        from: Currency,
        /// The currency that an account has.
        to: Currency,
    },
    /// Two operators have one code.
    #[error("two operators are called `{0}`")]
    DuplicateCode(Arc<str>),
    /// Two operators have one number.
    #[error("operators `{0}` and `{1}` have the same number")]
    DuplicateNumber(Arc<str>, Arc<str>),
    /// More than 65,535 operators.
    #[error("more operators than there are numbers for")]
    TooMany,
}

fn name_of(network: Option<NetworkCode>) -> String {
    network.map_or_else(|| "all networks".to_owned(), |network| network.to_string())
}
