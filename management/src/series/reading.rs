//! The rows that a query needs: which kinds of them, of which spans, and those among them that its filters take.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_api::series::{Measure, SeriesBy, SeriesQuery, SeriesStep};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::series::{Dimension, Minute, SeriesOf, Step};
use tollgate_storage::store::{Accounts, SeriesRead};

use super::span::Span;
use super::view::{Side, View};

/// The kind of messages that a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Messages that were charged.
    Traffic,
    /// A reseller's sales.
    Sales,
    /// Messages that were refused.
    Refusals,
}

/// The rows that a query needs.
#[derive(Debug)]
pub struct Reading {
    /// The side from which money is told.
    pub side: Side,
    /// The length of the rows' spans.
    pub step: Step,
    /// The reads, each of one kind of row.
    pub reads: Vec<(Part, SeriesRead)>,
    by: Option<SeriesBy>,
    only: Option<Only>,
    told: Option<BTreeMap<AccountNumber, UnixMicros>>,
    span: Span,
}

/// The one filter beside the account.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Only {
    Country(CountryCode),
    Network(NetworkCode),
    Operator(OperatorNumber),
    Plan(Arc<str>),
}

impl Reading {
    /// The rows of a query, or why there are none for it.
    pub fn of(query: &SeriesQuery, view: &View, span: &Span) -> Answer<Self> {
        let only = only(query, view)?;
        let step = match query.step {
            SeriesStep::Minute => Step::Minute,
            SeriesStep::Day if span.is_utc => Step::Day,
            SeriesStep::Hour | SeriesStep::Day => Step::Hour,
        };
        let last = UnixMicros(span.to().0.saturating_sub(1));
        let spans = step.of(Minute::of(span.from()))..step.of(Minute::of(last)).saturating_add(1);
        let read = |dimension, accounts: &Accounts| SeriesRead {
            step,
            spans: spans.clone(),
            dimensions: vec![dimension],
            accounts: accounts.clone(),
        };
        let mut reads = Vec::new();
        let measures = query.measure.all();
        // What accounts pay is told in their own rows alone; all others tell what the house was paid.
        let is_paid = |measure| matches!(measure, Measure::Spend | Measure::Refunded);
        let tells_paid = measures.iter().copied().any(is_paid);
        if tells_paid && is_by_operator_or_plan(query.by, only.as_ref()) {
            return Err(Problem::field(
                "measure",
                "has `spend` or `refunded`, which are not kept by operator or plan: `revenue` is what the house was \
                 paid",
            ));
        }
        let is_of_account =
            view.accounts != Accounts::All || query.by == Some(SeriesBy::Account) || tells_paid;
        if query.by == Some(SeriesBy::Reason) && measures != [Measure::Refusals] {
            return Err(Problem::field("by", "is `reason` for the measure `refusals` alone"));
        }
        if measures.iter().any(|measure| *measure != Measure::Refusals) {
            let dimension = traffic(query.by, only.as_ref(), is_of_account)?;
            reads.push((Part::Traffic, read(dimension, &view.accounts)));
        }
        let is_sale = |measure| matches!(measure, Measure::Revenue | Measure::Cost | Measure::Margin);
        if view.side == Side::Reseller && measures.iter().copied().any(is_sale) {
            let sellers = Accounts::Only(view.seller.into_iter().collect::<BTreeSet<_>>());
            reads.push((Part::Sales, read(sales(query.by, only.as_ref()), &sellers)));
        }
        if measures.contains(&Measure::Refusals) {
            if only.is_some() || !matches!(query.by, None | Some(SeriesBy::Account | SeriesBy::Reason)) {
                return Err(Problem::field(
                    "measure",
                    "has `refusals`, which are told by account and by reason alone: a message may be refused \
                     before its network is known",
                ));
            }
            let dimension = if is_of_account { Dimension::AccountRefusals } else { Dimension::Refusals };
            reads.push((Part::Refusals, read(dimension, &view.accounts)));
        }
        let told = view.told.clone();
        Ok(Self { side: view.side, step, reads, by: query.by, only, told, span: span.clone() })
    }

    /// True if refused messages are asked for.
    pub fn has_refusals(&self) -> bool {
        self.reads.iter().any(|(part, _)| *part == Part::Refusals)
    }

    /// True if the answer has groups beside the totals.
    pub fn is_grouped(&self) -> bool {
        self.by.is_some()
    }

    /// The step of the answer that a span of rows lies in.
    pub fn step_of(&self, at: u32) -> Option<usize> {
        self.span.step_at(self.starts_at(at))
    }

    /// True if the money of a row of this span is told: of what accounts paid for their own messages, only that of some.
    pub fn tells_money(&self, part: Part, at: u32, of: &SeriesOf) -> bool {
        let (Some(told), Some(account), Part::Traffic) = (&self.told, of.account(), part) else {
            return true;
        };
        told.get(&account).is_some_and(|from| *from <= self.starts_at(at))
    }

    /// The first instant of a span of rows.
    fn starts_at(&self, at: u32) -> UnixMicros {
        Minute(at.saturating_mul(self.step.minutes())).starts_at()
    }

    /// True if the filters take a row.
    pub fn takes(&self, of: &SeriesOf) -> bool {
        match &self.only {
            None => true,
            Some(Only::Country(only)) => country_of(of).is_none_or(|country| country == Some(*only)),
            Some(Only::Network(only)) => network_of(of).is_none_or(|network| network == *only),
            Some(Only::Operator(only)) => match of {
                SeriesOf::Operator(operator) => operator == only,
                _ => true,
            },
            Some(Only::Plan(only)) => match of {
                SeriesOf::Plan(plan) => plan == only,
                _ => true,
            },
        }
    }

    /// The group of a row.
    pub fn group_of(&self, of: &SeriesOf) -> SeriesOf {
        let account = of.account().unwrap_or_default();
        match self.by {
            Some(SeriesBy::Country) => SeriesOf::Country(country_of(of).flatten()),
            Some(SeriesBy::Network) => network_of(of).map_or_else(|| of.clone(), SeriesOf::Network),
            Some(SeriesBy::Account) => SeriesOf::Account(account),
            Some(SeriesBy::Reason) => match of {
                SeriesOf::AccountRefusals(_, refusal) => SeriesOf::Refusals(*refusal),
                of => of.clone(),
            },
            Some(SeriesBy::Operator | SeriesBy::Plan) | None => of.clone(),
        }
    }
}

fn is_by_operator_or_plan(by: Option<SeriesBy>, only: Option<&Only>) -> bool {
    matches!(by, Some(SeriesBy::Operator | SeriesBy::Plan))
        || matches!(only, Some(Only::Operator(_) | Only::Plan(_)))
}

/// The kind of rows that tell traffic in this way.
fn traffic(by: Option<SeriesBy>, only: Option<&Only>, is_of_account: bool) -> Answer<Dimension> {
    let of_account = |alone, with| if is_of_account { with } else { alone };
    Ok(match (by, only) {
        (None | Some(SeriesBy::Account | SeriesBy::Reason), None) => {
            of_account(Dimension::Plan, Dimension::Account)
        }
        (None | Some(SeriesBy::Account | SeriesBy::Country), Some(Only::Country(_)))
        | (Some(SeriesBy::Country), None) => of_account(Dimension::Country, Dimension::AccountCountry),
        (None | Some(SeriesBy::Account | SeriesBy::Network), Some(Only::Network(_)))
        | (Some(SeriesBy::Network), None) => of_account(Dimension::Network, Dimension::AccountNetwork),
        (None | Some(SeriesBy::Operator), Some(Only::Operator(_))) | (Some(SeriesBy::Operator), None)
            if !is_of_account =>
        {
            Dimension::Operator
        }
        (None | Some(SeriesBy::Plan), Some(Only::Plan(_))) | (Some(SeriesBy::Plan), None)
            if !is_of_account =>
        {
            Dimension::Plan
        }
        _ => {
            return Err(Problem::field(
                "by",
                "cannot be told with these filters: series are kept by country, network, operator, plan and \
                 account alone, and by account with country or network",
            ));
        }
    })
}

fn sales(by: Option<SeriesBy>, only: Option<&Only>) -> Dimension {
    match (by, only) {
        (Some(SeriesBy::Country), _) | (_, Some(Only::Country(_))) => Dimension::SalesCountry,
        (Some(SeriesBy::Network), _) | (_, Some(Only::Network(_))) => Dimension::SalesNetwork,
        _ => Dimension::Sales,
    }
}

fn only(query: &SeriesQuery, view: &View) -> Answer<Option<Only>> {
    let mut all = Vec::new();
    if let Some(country) = &query.country {
        let code = CountryCode::new(country)
            .ok_or_else(|| Problem::field("country", "is not two capital letters such as KE"))?;
        all.push(("country", Only::Country(code)));
    }
    if let Some(network) = &query.network {
        let code = NetworkCode::parse_joined(network)
            .ok_or_else(|| Problem::field("network", "is not an MCC and MNC such as 639/02"))?;
        all.push(("network", Only::Network(code)));
    }
    if let Some(operator) = view.operator {
        all.push(("operator", Only::Operator(operator)));
    }
    if let Some(plan) = &query.plan {
        all.push(("plan", Only::Plan(plan.as_str().into())));
    }
    let mut all = all.into_iter();
    let first = all.next().map(|(_, only)| only);
    match all.next() {
        None => Ok(first),
        Some((field, _)) => Err(Problem::field(
            field,
            "is one filter too many: beside `account` there is one of `country`, `network`, `operator` and `plan`",
        )),
    }
}

/// The country in a row; nothing where its kind has none.
#[expect(
    clippy::option_option,
    reason = "a row may be of numbers without a country, or of a kind that tells none"
)]
fn country_of(of: &SeriesOf) -> Option<Option<CountryCode>> {
    match of {
        SeriesOf::Country(country)
        | SeriesOf::AccountCountry(_, country)
        | SeriesOf::SalesCountry(_, country) => Some(*country),
        _ => None,
    }
}

fn network_of(of: &SeriesOf) -> Option<NetworkCode> {
    match of {
        SeriesOf::Network(network)
        | SeriesOf::AccountNetwork(_, network)
        | SeriesOf::SalesNetwork(_, network) => Some(*network),
        _ => None,
    }
}
