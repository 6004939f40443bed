//! The operators that could take a quoted message, in order, and the reasons why the others could not.

use tollgate_engine::account::DeliveryMode;
use tollgate_engine::charging::Message;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::Operator;
use tollgate_engine::quote::Quote;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::routing::{
    Candidate, CandidateVerdict, Conditions, NoRoute, RouteAsk, RouteStage, Routes,
};
use tollgate_engine::time::UnixMicros;

/// The number that decides between equal operators.
const SPREAD: u64 = 0;

/// The route of a message.
#[derive(Debug)]
pub enum Route {
    /// It would only be charged, for this reason.
    ChargedOnly(&'static str),
    /// It would be handed to an operator, if one takes it.
    Ranked(Ranked),
}

/// Every operator, ranked.
#[derive(Debug)]
pub struct Ranked {
    /// The operators in order.
    pub candidates: Vec<Ranking>,
    /// The refusal if no operator takes it, with its command_status.
    pub refusal: Option<(Refusal, u32)>,
    /// The price of the message.
    pub price: Amount,
    /// The currency of the price.
    pub currency: Currency,
}

/// The place of one operator.
#[derive(Debug)]
pub struct Ranking {
    /// The operator that was ranked.
    pub operator: Operator,
    /// The verdict on it, with its cost.
    pub candidate: Candidate,
    /// From one; `None` where it could not take the message.
    pub rank: Option<usize>,
}

impl Route {
    /// Routes a quoted message as a submit_sm would be, under these conditions of the operators. Beside the routes stands
    /// whether accounts that set no delivery use them.
    pub fn find(
        (routes, delivers_by_default): (&Routes, bool),
        conditions: &impl Conditions,
        quote: &Quote<'_>,
        price: Amount,
        message: &Message<'_>,
        now: UnixMicros,
    ) -> Self {
        let account = &quote.terms.account;
        if account.delivery == DeliveryMode::ChargeOnly {
            return Self::ChargedOnly("the account's delivery is charge_only");
        }
        if quote.terms.delivery() == DeliveryMode::ChargeOnly {
            return Self::ChargedOnly("the account sets no delivery, and that of its plan is charge_only");
        }
        if !quote.terms.delivery().goes_to_operators(delivers_by_default) {
            return Self::ChargedOnly("the account sets no delivery, and the default is charge_only");
        }
        let ask = RouteAsk {
            network: quote.rated.network,
            account: &account.id,
            source: message.source,
            data_coding: message.body.data_coding,
            segments: quote.rated.segments,
            price,
            currency: account.currency,
            now,
            spread: SPREAD,
            tried: &[],
            stage: RouteStage::Submit,
        };
        let refusal = routes.choose(&ask, conditions).err().map(|reason| {
            let refusal = match reason {
                NoRoute::NoCandidate => Refusal::NoRoute,
                NoRoute::AbovePrice => Refusal::AbovePrice,
            };
            (refusal, quote.terms.statuses.status(refusal))
        });
        let candidates = ranked(routes, routes.explain(&ask, conditions));
        Self::Ranked(Ranked { candidates, refusal, price, currency: account.currency })
    }
}

fn ranked(routes: &Routes, candidates: Vec<Candidate>) -> Vec<Ranking> {
    let mut next = 1;
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let operator = routes.operator(candidate.operator)?.clone();
            let takes = !matches!(candidate.verdict, CandidateVerdict::Refused(_));
            let rank = takes.then_some(next);
            next += usize::from(takes);
            Some(Ranking { operator, candidate, rank })
        })
        .collect()
}

impl Ranking {
    /// The verdict in one word.
    pub fn verdict(&self) -> &'static str {
        match self.candidate.verdict {
            CandidateVerdict::Chosen => "chosen",
            CandidateVerdict::Eligible => "eligible",
            CandidateVerdict::Refused(reason) => reason.name(),
        }
    }

    /// The price less the cost, in the account's currency; `None` if the cost cannot be converted.
    pub fn margin(&self, price: Amount) -> Option<Amount> {
        price.checked_sub(self.candidate.cost?.in_account_currency?)
    }
}
