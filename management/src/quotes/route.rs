//! Which operators could take a quoted message, in which order, and why the others could not.

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

/// What equals are drawn with.
const SPREAD: u64 = 0;

/// Where a message would go.
#[derive(Debug)]
pub enum Route {
    /// Nowhere, and why.
    ChargedOnly(&'static str),
    /// To an operator, if one takes it.
    Ranked(Ranked),
}

/// Every operator, ranked.
#[derive(Debug)]
pub struct Ranked {
    /// In order.
    pub candidates: Vec<Ranking>,
    /// Why none takes it, with its command_status.
    pub refusal: Option<(Refusal, u32)>,
    /// Of the message.
    pub price: Amount,
    /// Of the price.
    pub currency: Currency,
}

/// One operator's place.
#[derive(Debug)]
pub struct Ranking {
    /// Who.
    pub operator: Operator,
    /// How it was judged.
    pub candidate: Candidate,
    /// From one; `None` where it could not take the message.
    pub rank: Option<usize>,
}

impl Route {
    /// Routes a quoted message as the gate would, where operators fare so.
    pub fn find(
        routes: &Routes,
        conditions: &impl Conditions,
        quote: &Quote<'_>,
        price: Amount,
        message: &Message<'_>,
        now: UnixMicros,
    ) -> Self {
        let account = &quote.terms.account;
        if routes.is_empty() {
            return Self::ChargedOnly("there are no operators");
        }
        if account.delivery == DeliveryMode::ChargeOnly {
            return Self::ChargedOnly("the account's delivery is charge_only");
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
    /// In a word.
    pub fn verdict(&self) -> &'static str {
        match self.candidate.verdict {
            CandidateVerdict::Chosen => "chosen",
            CandidateVerdict::Eligible => "eligible",
            CandidateVerdict::Refused(reason) => reason.name(),
        }
    }

    /// What is left of the price, in the account's currency; `None` where the cost cannot be converted.
    pub fn margin(&self, price: Amount) -> Option<Amount> {
        price.checked_sub(self.candidate.cost?.in_account_currency?)
    }
}
