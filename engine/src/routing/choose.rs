//! Chooses the operator of one message, and explains the choice by the same judgement and the same ranking.

use super::rank::Rank;
use super::table::{List, Routes, Row, can_be_asked};
use super::{
    Candidate, CandidateVerdict, Choice, Condition, Conditions, Cost, MarginGuard, NoRoute, RouteAsk,
    RouteRefusal, RouteStage,
};
use crate::exchange::Conversion;
use crate::money::{Amount, Currency};
use crate::operator::OperatorStatus;

/// An operator that could take the message.
#[derive(Clone, Copy)]
struct Contender {
    rank: Rank,
    place: u16,
    condition: Condition,
    cost: Cost,
}

/// One message's look at its candidates.
struct Judge<'a> {
    routes: &'a Routes,
    list: &'a List,
    ask: &'a RouteAsk<'a>,
    /// The last currency that was converted from. Most operators have the same.
    conversion: Option<(Currency, Option<Conversion>)>,
}

impl Routes {
    /// The operator that a message goes to. Allocates nothing.
    pub fn choose(&self, ask: &RouteAsk<'_>, conditions: &impl Conditions) -> Result<Choice, NoRoute> {
        let list = self.list(ask.network).ok_or(NoRoute::NoCandidate)?;
        let mut judge = Judge { routes: self, list, ask, conversion: None };
        let mut best: Option<Contender> = None;
        let mut no_route = NoRoute::NoCandidate;
        for place in &list.places {
            match judge.contender(*place, conditions) {
                Ok(contender) if best.is_none_or(|best| contender.rank < best.rank) => best = Some(contender),
                Err(RouteRefusal::AbovePrice) => no_route = NoRoute::AbovePrice,
                Ok(_) | Err(_) => {}
            }
        }
        judge.verdict(&best.ok_or(no_route)?)
    }

    /// Every operator in the order of its rank, the chosen one first, and behind them those that are refused,
    /// by code. Where the margin guard refuses the message for the first in rank, that one is refused and
    /// stands first.
    pub fn explain(&self, ask: &RouteAsk<'_>, conditions: &impl Conditions) -> Vec<Candidate> {
        let Some(list) = self.list(ask.network) else {
            return self.all_refused(ask, conditions);
        };
        let mut judge = Judge { routes: self, list, ask, conversion: None };
        let (mut contenders, mut refused) = (Vec::new(), Vec::new());
        for (row, place) in self.rows.iter().zip(0..=u16::MAX) {
            let judged = match judge.not_listed(row, place) {
                Some(refusal) => Err(refusal),
                None => judge.contender(place, conditions),
            };
            match judged {
                Ok(contender) => contenders.push(contender),
                Err(refusal) => refused.push(self.refused(row, refusal, ask, conditions)),
            }
        }
        contenders.sort_by_key(|contender| contender.rank);
        let first = contenders.first().map(|first| match judge.verdict(first) {
            Ok(_) => CandidateVerdict::Chosen,
            Err(_) => CandidateVerdict::Refused(RouteRefusal::AbovePrice),
        });
        let verdicts = first.into_iter().chain(std::iter::repeat(CandidateVerdict::Eligible));
        let ranked = contenders.iter().zip(verdicts).map(|(contender, verdict)| Candidate {
            operator: self.rows[usize::from(contender.place)].operator.number,
            verdict,
            cost: Some(judge.full_cost(contender)),
            condition: contender.condition,
        });
        ranked.collect::<Vec<_>>().into_iter().chain(refused).collect()
    }

    /// A network that the routes do not know: no operator serves it.
    fn all_refused(&self, ask: &RouteAsk<'_>, conditions: &impl Conditions) -> Vec<Candidate> {
        let refusal = |row: &Row| match row.operator.status {
            OperatorStatus::Disabled => RouteRefusal::Disabled,
            OperatorStatus::Active | OperatorStatus::Draining => RouteRefusal::NetworkNotServed,
        };
        self.rows.iter().map(|row| self.refused(row, refusal(row), ask, conditions)).collect()
    }

    fn refused(
        &self,
        row: &Row,
        refusal: RouteRefusal,
        ask: &RouteAsk<'_>,
        conditions: &impl Conditions,
    ) -> Candidate {
        let operator = row.operator.number;
        let cost = row.cost(ask.network, ask.segments, ask.now).map(|amount| {
            let currency = row.operator.currency;
            let in_account_currency = self
                .exchange
                .convert(amount, currency, ask.currency, ask.now)
                .filter(|cost| can_be_asked(*cost));
            Cost { amount, in_account_currency }
        });
        let condition = conditions.condition(operator);
        Candidate { operator, verdict: CandidateVerdict::Refused(refusal), cost, condition }
    }
}

impl Judge<'_> {
    /// An operator of the list that could take the message, with its rank, or why it could not.
    fn contender(&mut self, place: u16, conditions: &impl Conditions) -> Result<Contender, RouteRefusal> {
        let row = &self.routes.rows[usize::from(place)];
        self.refusal(row).map_or(Ok(()), Err)?;
        let ask = self.ask;
        let amount = row.cost(ask.network, ask.segments, ask.now).ok_or(RouteRefusal::NoCost)?;
        let mut cost = Cost { amount, in_account_currency: None };
        if self.list.guard != MarginGuard::Off || self.list.strategy.compares_costs() {
            cost.in_account_currency = self.convert(row, amount);
        }
        if self.list.guard == MarginGuard::Reroute && self.is_above_price(cost) {
            return Err(RouteRefusal::AbovePrice);
        }
        let condition = conditions.condition(row.operator.number);
        let by_code = (&row.operator, place);
        let rank = Rank::new(self.list.strategy, by_code, condition, cost.in_account_currency, ask.spread);
        Ok(Contender { rank, place, condition, cost })
    }

    /// The reason for which an operator of the list cannot take the message, whatever it costs.
    fn refusal(&self, row: &Row) -> Option<RouteRefusal> {
        let (operator, ask) = (&row.operator, self.ask);
        if operator.status == OperatorStatus::Draining && ask.stage == RouteStage::Submit {
            Some(RouteRefusal::Draining)
        } else if !row.takes_sender(ask.source) {
            Some(RouteRefusal::SenderNotTaken)
        } else if !row.takes_account(ask.account) {
            Some(RouteRefusal::AccountNotTaken)
        } else if !operator.data_codings.takes(ask.data_coding) {
            Some(RouteRefusal::DataCodingNotTaken)
        } else if ask.tried.contains(&operator.number) {
            Some(RouteRefusal::AlreadyTried)
        } else {
            None
        }
    }

    /// The reason for which an operator is not in the list of the message's network; `None` if it is.
    fn not_listed(&self, row: &Row, place: u16) -> Option<RouteRefusal> {
        if self.list.places.binary_search(&place).is_ok() {
            None
        } else if row.operator.status == OperatorStatus::Disabled {
            Some(RouteRefusal::Disabled)
        } else if row.serves(self.ask.network) {
            Some(RouteRefusal::NotInRule)
        } else {
            Some(RouteRefusal::NetworkNotServed)
        }
    }

    /// The choice if this contender is the first in rank.
    fn verdict(&mut self, first: &Contender) -> Result<Choice, NoRoute> {
        let cost = self.full_cost(first);
        let above_price = self.list.guard != MarginGuard::Off && self.is_above_price(cost);
        if above_price && self.list.guard == MarginGuard::Refuse {
            return Err(NoRoute::AbovePrice);
        }
        let operator = self.routes.rows[usize::from(first.place)].operator.number;
        Ok(Choice { operator, cost, above_price })
    }

    /// With the account's currency, which judging leaves out where nothing depends on it.
    fn full_cost(&mut self, contender: &Contender) -> Cost {
        let row = &self.routes.rows[usize::from(contender.place)];
        let Cost { amount, in_account_currency } = contender.cost;
        Cost { amount, in_account_currency: in_account_currency.or_else(|| self.convert(row, amount)) }
    }

    fn is_above_price(&self, cost: Cost) -> bool {
        cost.in_account_currency.is_none_or(|cost| cost > self.ask.price)
    }

    fn convert(&mut self, row: &Row, amount: Amount) -> Option<Amount> {
        let (from, ask) = (row.operator.currency, self.ask);
        let conversion = match self.conversion {
            Some((currency, conversion)) if currency == from => conversion,
            _ => {
                let conversion = self.routes.exchange.at(from, ask.currency, ask.now);
                self.conversion = Some((from, conversion));
                conversion
            }
        };
        conversion?.apply(amount).filter(|cost| can_be_asked(*cost))
    }
}
