//! The caps of accounts, with what is counted in them in memory.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::caps::{AccountCaps, CapState, CapsService, TrafficPart};
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::time::Time;
use tollgate_engine::calendar::Calendar;
use tollgate_engine::cap::{Cap, CapCounters};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::TrafficScope;
use tollgate_storage::clock::now;

use crate::identity::visibility::Visibility;

/// Reads the caps of accounts.
#[derive(Debug)]
pub struct Caps {
    visibility: Arc<Visibility>,
}

impl CapsService for Caps {
    fn caps(&self, caller: &Caller, account: &str) -> Answer<AccountCaps> {
        let account = self.visibility.readable_account(caller, account)?;
        let (terms, present) = (&account.terms, now());
        let counters = account.runtime.wallet.pockets().caps;
        let state = |cap| state(cap, &counters, &terms.plan.calendar, present);
        Ok(AccountCaps {
            account: terms.account.id.to_string(),
            currency: CurrencyCode(terms.account.currency),
            time_zone: terms.plan.plan.time_zone.clone(),
            caps: terms.account.caps.iter().map(state).collect(),
            as_of: Time(present),
        })
    }
}

impl Caps {
    /// Of the accounts that a caller may see.
    pub fn new(visibility: Arc<Visibility>) -> Self {
        Self { visibility }
    }
}

fn state(cap: &Cap, counters: &CapCounters, calendar: &Calendar, now: UnixMicros) -> CapState {
    let counter = counters.current(cap, calendar, now);
    let is_full = cap.max_amount.is_some_and(|max| counter.amount >= max)
        || cap.max_messages.is_some_and(|max| counter.messages >= max);
    CapState {
        name: cap.name().to_owned(),
        traffic: traffic(&cap.scope),
        span: cap.span().name().to_owned(),
        hard: cap.is_hard,
        gives_back: cap.gives_back,
        max_amount: cap.max_amount.map(Money),
        max_messages: cap.max_messages,
        span_start: Time(counter.span.start),
        span_end: Time(counter.span.end),
        amount: MoneySum(counter.amount),
        messages: counter.messages,
        reached: is_full,
    }
}

/// A part of the traffic as it is shown.
pub fn traffic(scope: &TrafficScope) -> TrafficPart {
    fn listed<T: ToString>(list: &[T]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }
    match scope {
        TrafficScope::All => TrafficPart::default(),
        TrafficScope::Countries(countries) => {
            TrafficPart { countries: Some(listed(countries)), ..TrafficPart::default() }
        }
        TrafficScope::Networks(networks) => {
            TrafficPart { networks: Some(listed(networks)), ..TrafficPart::default() }
        }
        TrafficScope::Prefixes(prefixes) => {
            TrafficPart { prefixes: Some(listed(prefixes)), ..TrafficPart::default() }
        }
    }
}
