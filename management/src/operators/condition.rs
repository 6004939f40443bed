//! The state of operators: as their queues know it now, and as the books have counted and measured it.

use rust_decimal::{Decimal, RoundingStrategy};
use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::operators::{
    BreakerState, CostInCurrency, HealthPoint, LinkBind, LinkState, OperatorHealth, OperatorLink,
    OperatorLinks, OperatorStats, PeriodQuery,
};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::breaker;
use tollgate_engine::health::HealthSample;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::{now, steady};
use tollgate_storage::rows::UsageRow;
use tollgate_storage::store::Store;
use tollgate_storage::usage::Quarter;

use crate::problems::unavailable;
use tollgate_provisioning::ProvisionedOperator;
use tollgate_relay::delivery::OperatorQueue;
use tollgate_relay::delivery::link_status::{BindMode, LinkStatus};

const HOUR_MICROS: u64 = 3_600_000_000;
const DAY_MICROS: u64 = 24 * HOUR_MICROS;
/// The longest period of which samples of health are shown.
const HEALTH_DAYS_MAX: u64 = 7;
/// Samples of health in one answer.
const SAMPLES_MAX: usize = 1_000;
/// The longest period of which statistics are shown.
const STATS_DAYS_MAX: u64 = 400;
/// Decimals of a rate of success.
const PERCENT_DECIMALS: u32 = 4;

/// The health of an operator: now, and as it was measured in a period.
pub fn health_of(
    store: &Store,
    operator_queue: &OperatorQueue,
    period: PeriodQuery,
) -> Answer<OperatorHealth> {
    let (from, to) = instants(period, HOUR_MICROS, HEALTH_DAYS_MAX)?;
    let samples = store.health(operator_queue.number, from, to).map_err(|error| unavailable(&error))?;
    let step = samples.len().div_ceil(SAMPLES_MAX).max(1);
    let queued = store.queue().len_estimate(operator_queue.number).map_err(|error| unavailable(&error))?;
    let at = now();
    let view = operator_queue.view(steady());
    Ok(OperatorHealth {
        code: operator_queue.code.to_string(),
        at: Time(at),
        available: view.is_available,
        links_bound: view.links,
        breaker: breaker_state(view.breaker),
        countries_open: operator_queue.countries.open(steady()) as u64,
        queued,
        in_flight: view.in_flight,
        window: view.windows,
        now: point(at, &view.health),
        samples: samples.iter().step_by(step).map(|(at, sample)| point(*at, sample)).collect(),
    })
}

/// The state of a breaker.
pub fn breaker_state(state: breaker::BreakerState) -> BreakerState {
    match state {
        breaker::BreakerState::Closed => BreakerState::Closed,
        breaker::BreakerState::Open => BreakerState::Open,
        breaker::BreakerState::HalfOpen => BreakerState::HalfOpen,
    }
}

/// The counters of an operator in a period.
pub fn stats_of(store: &Store, operator: &ProvisionedOperator, period: PeriodQuery) -> Answer<OperatorStats> {
    let (from, to) = instants(period, DAY_MICROS, STATS_DAYS_MAX)?;
    let (first, behind) = (Quarter::of(from), quarter_at_or_after(to));
    let mut total = UsageRow::default();
    let number = operator.operator.number;
    let read = store.usage().of_operator(number, first..behind, |_, row| {
        total.add(row);
        true
    });
    read.map_err(|error| unavailable(&error))?;
    let currency = operator.operator.currency;
    let others = total.costs.iter().filter(|(other, _)| **other != currency);
    Ok(OperatorStats {
        code: operator.operator.code.to_string(),
        from: Time(first.starts_at()),
        to: Time(behind.starts_at()),
        messages: total.messages,
        submitted: total.submitted,
        delivered: total.delivered,
        failed: total.failed,
        unconfirmed: total.unconfirmed,
        pending: total.pending(),
        success_rate: success_rate(total.delivered, total.failed),
        currency: CurrencyCode(currency),
        cost: MoneySum(total.costs.get(&currency).copied().unwrap_or_default()),
        costs_in_other_currencies: others
            .map(|(other, cost)| CostInCurrency { cost: MoneySum(*cost), currency: CurrencyCode(*other) })
            .collect(),
    })
}

/// The links of an operator as they are now.
pub fn links_of(operator_queue: &OperatorQueue) -> OperatorLinks {
    let links = operator_queue.link_registry.links().iter().map(|link_status| link(link_status)).collect();
    OperatorLinks { code: operator_queue.code.to_string(), links }
}

fn link(link_status: &LinkStatus) -> OperatorLink {
    let bind_status = link_status.bind_status();
    OperatorLink {
        number: link_status.number,
        bind: match link_status.mode {
            BindMode::Transceiver => LinkBind::Transceiver,
            BindMode::Transmitter => LinkBind::Transmitter,
            BindMode::Receiver => LinkBind::Receiver,
        },
        peer: link_status.peer.clone(),
        state: if bind_status.is_bound { LinkState::Bound } else { LinkState::Connecting },
        since: Time(bind_status.since),
        window: link_status.window,
        in_flight: link_status.in_flight(),
        binds: bind_status.binds,
        last_failure: bind_status.last_failure,
    }
}

fn point(at: UnixMicros, sample: &HealthSample) -> HealthPoint {
    HealthPoint {
        at: Time(at),
        score: sample.score,
        bound: sample.bound,
        window_fill_percent: sample.fill_percent,
        latency_p50_micros: sample.p50_micros,
        latency_p95_micros: sample.p95_micros,
        latency_p99_micros: sample.p99_micros,
        responses: sample.responses,
        accepted: sample.accepted,
        temporary: sample.temporary,
        permanent: sample.permanent,
        throttled: sample.throttled,
        lost: sample.lost,
        receipts: sample.receipts,
        delivered: sample.delivered,
        receipt_delay_micros: sample.receipt_delay_micros,
        per_second: sample.per_second,
    }
}

/// The first instant of a period and the first after it; without a beginning it is `default` microseconds long.
fn instants(period: PeriodQuery, default: u64, days_max: u64) -> Answer<(UnixMicros, UnixMicros)> {
    let to = period.to.map_or_else(now, |to| to.0);
    let from = period.from.map_or(UnixMicros(to.0.saturating_sub(default)), |from| from.0);
    if from >= to {
        return Err(Problem::field("from", "is not before to"));
    }
    if to.0 - from.0 > days_max * DAY_MICROS {
        return Err(Problem::field("from", format!("is more than {days_max} days before to")));
    }
    Ok((from, to))
}

fn quarter_at_or_after(at: UnixMicros) -> Quarter {
    let quarter = Quarter::of(at);
    if quarter.starts_at() == at { quarter } else { Quarter(quarter.0.saturating_add(1)) }
}

/// Delivered in percent of delivered and failed, half-even to four decimals.
fn success_rate(delivered: u64, failed: u64) -> Option<String> {
    let all = Decimal::from(delivered).checked_add(failed.into())?;
    let share = Decimal::from(delivered).checked_mul(Decimal::ONE_HUNDRED)?.checked_div(all)?;
    let rounded = share.round_dp_with_strategy(PERCENT_DECIMALS, RoundingStrategy::MidpointNearestEven);
    Some(rounded.normalize().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_success_is_rounded_half_even() {
        for (delivered, failed, rate) in [
            (0, 0, None),
            (0, 5, Some("0")),
            (5, 0, Some("100")),
            (1, 2, Some("33.3333")),
            (2, 1, Some("66.6667")),
            (1, 799_999, Some("0.0001")),
            (3, 1_999_997, Some("0.0002")),
            (u64::MAX, u64::MAX, Some("50")),
        ] {
            assert_eq!(success_rate(delivered, failed).as_deref(), rate, "{delivered} and {failed}");
        }
    }

    #[test]
    fn a_period_is_whole_quarters_around_what_was_asked_for() {
        let quarter = 900_000_000;
        assert_eq!(quarter_at_or_after(UnixMicros(quarter)), Quarter(1));
        assert_eq!(quarter_at_or_after(UnixMicros(quarter + 1)), Quarter(2));
        let query =
            |from, to| PeriodQuery { from: Some(Time(UnixMicros(from))), to: Some(Time(UnixMicros(to))) };
        assert!(instants(query(5, 5), 1, 7).is_err() && instants(query(6, 5), 1, 7).is_err());
        assert!(instants(query(0, 7 * DAY_MICROS + 1), 1, 7).is_err());
        assert_eq!(instants(query(0, 7 * DAY_MICROS), 1, 7), Ok((UnixMicros(0), UnixMicros(7 * DAY_MICROS))));
    }
}
