//! Sums of rows, and the figures that are told of them.

use std::collections::BTreeSet;

use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::series::{LatencyFigures, Measure, Measures, MoneyFigures, SeriesFigures};
use tollgate_billing::ratio::percent;
use tollgate_engine::money::{Currency, Total};
use tollgate_storage::latencies::Latencies;
use tollgate_storage::rows::{SeriesMoney, SeriesRow};

use super::reading::Part;
use super::view::Side;

/// Rows of one step and group, added up.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    traffic: SeriesRow,
    sales: SeriesRow,
    refusals: i64,
}

/// The figures of an answer, which are the same ones for each point.
#[derive(Debug)]
pub struct Figures<'a> {
    measures: &'a Measures,
    side: Side,
    currencies: BTreeSet<Currency>,
}

/// Amounts of one currency as one side has them.
#[derive(Clone, Copy, Debug, Default)]
struct Amounts {
    spend: Total,
    refunded: Total,
    revenue: Total,
    cost: Total,
    converted_cost: Total,
    margin: Total,
}

impl Sums {
    /// Adds a row.
    pub fn add(&mut self, part: Part, row: &SeriesRow) {
        match part {
            Part::Traffic => self.traffic.add(row),
            Part::Sales => self.sales.add(row),
            Part::Refusals => self.refusals += row.messages,
        }
    }

    /// Adds other sums.
    pub fn extend(&mut self, other: &Self) {
        self.traffic.add(&other.traffic);
        self.sales.add(&other.sales);
        self.refusals += other.refusals;
    }

    fn amounts(&self, side: Side, currency: Currency) -> Amounts {
        let of = |money: &std::collections::BTreeMap<Currency, SeriesMoney>| {
            money.get(&currency).copied().unwrap_or_default()
        };
        let (house, beside) = (of(&self.traffic.money), of(&self.traffic.beside));
        let refunded = house.refunded.plus(beside.refunded);
        let spend = house.charged.plus(beside.charged).minus(refunded);
        let (revenue, cost, margin) = match side {
            Side::House => (house.charged.minus(house.refunded), house.cost, house.margin),
            Side::Customer => (spend, Total::ZERO, Total::ZERO),
            Side::Reseller => {
                let (bought, sold) = (of(&self.sales.money), of(&self.sales.beside));
                let cost = bought.charged.minus(bought.refunded);
                (sold.charged.minus(sold.refunded), cost, sold.margin)
            }
        };
        Amounts { spend, refunded, revenue, cost, converted_cost: house.converted_cost, margin }
    }

    fn margin_unknown(&self, side: Side) -> i64 {
        if side == Side::Reseller { self.sales.margin_unknown } else { self.traffic.margin_unknown }
    }
}

impl<'a> Figures<'a> {
    /// The measures of an answer with these totals, whose currencies all points have.
    pub fn new(measures: &'a Measures, side: Side, totals: &Sums) -> Self {
        let (traffic, sales) = (&totals.traffic, &totals.sales);
        let all = [&traffic.money, &traffic.beside, &sales.money, &sales.beside];
        let currencies = all.into_iter().flat_map(|money| money.keys().copied()).collect();
        Self { measures, side, currencies }
    }

    /// The figures of some rows.
    pub fn of(&self, sums: &Sums) -> SeriesFigures {
        let row = &sums.traffic;
        let count = |measure, count: i64| self.has(measure).then(|| u64::try_from(count).unwrap_or(0));
        let ended = row.delivered + row.failed + row.cancelled + row.unconfirmed;
        let latency = |measure, latencies| self.has(measure).then(|| latency(latencies));
        SeriesFigures {
            messages: count(Measure::Messages, row.messages),
            segments: count(Measure::Segments, row.segments),
            accepted: count(Measure::Accepted, row.accepted),
            delivered: count(Measure::Delivered, row.delivered),
            failed: count(Measure::Failed, row.failed),
            cancelled: count(Measure::Cancelled, row.cancelled),
            unconfirmed: count(Measure::Unconfirmed, row.unconfirmed),
            pending: count(Measure::Pending, row.messages - ended),
            delivery_rate: if self.has(Measure::DeliveryRate) { delivery_rate(row) } else { None },
            refusals: count(Measure::Refusals, sums.refusals),
            money: self.measures.all().iter().any(|measure| measure.is_money()).then(|| self.money(sums)),
            margin_unknown: count(Measure::Margin, sums.margin_unknown(self.side)),
            acceptance_latency: latency(Measure::AcceptanceLatency, &row.acceptance),
            delivery_latency: latency(Measure::DeliveryLatency, &row.delivery),
        }
    }

    fn has(&self, measure: Measure) -> bool {
        self.measures.has(measure)
    }

    fn money(&self, sums: &Sums) -> Vec<MoneyFigures> {
        let of_currency = |currency: &Currency| {
            let amounts = sums.amounts(self.side, *currency);
            let sum = |measure, amount| self.has(measure).then_some(MoneySum(amount));
            MoneyFigures {
                currency: CurrencyCode(*currency),
                spend: sum(Measure::Spend, amounts.spend),
                refunded: sum(Measure::Refunded, amounts.refunded),
                revenue: sum(Measure::Revenue, amounts.revenue),
                cost: sum(Measure::Cost, amounts.cost),
                converted_cost: sum(Measure::Cost, amounts.converted_cost)
                    .filter(|_| self.side == Side::House),
                margin: sum(Measure::Margin, amounts.margin),
            }
        };
        self.currencies.iter().map(of_currency).collect()
    }
}

/// By how much a row makes its group more, by this measure: amounts of several currencies as if they were of one, and where it
/// is a share or a time, by messages. `None` where it does not tell the measure.
pub fn rank(measure: Measure, part: Part, row: &SeriesRow, side: Side) -> Option<i128> {
    let count = |count: i64, of: Part| (part == of).then_some(i128::from(count));
    let ended = row.delivered + row.failed + row.cancelled + row.unconfirmed;
    match measure {
        Measure::Segments => count(row.segments, Part::Traffic),
        Measure::Accepted => count(row.accepted, Part::Traffic),
        Measure::Delivered => count(row.delivered, Part::Traffic),
        Measure::Failed => count(row.failed, Part::Traffic),
        Measure::Cancelled => count(row.cancelled, Part::Traffic),
        Measure::Unconfirmed => count(row.unconfirmed, Part::Traffic),
        Measure::Pending => count(row.messages - ended, Part::Traffic),
        Measure::Refusals => count(row.messages, Part::Refusals),
        Measure::Messages | Measure::DeliveryRate | Measure::AcceptanceLatency | Measure::DeliveryLatency => {
            count(row.messages, Part::Traffic)
        }
        Measure::Spend | Measure::Refunded | Measure::Revenue | Measure::Cost | Measure::Margin => {
            let mut sums = Sums::default();
            sums.add(part, row);
            let traffic = [&row.money, &row.beside];
            let currencies: BTreeSet<_> = traffic.into_iter().flat_map(|money| money.keys()).collect();
            let amounts = currencies.into_iter().map(|currency| {
                let amounts = sums.amounts(side, *currency);
                match measure {
                    Measure::Spend => amounts.spend,
                    Measure::Refunded => amounts.refunded,
                    Measure::Cost => amounts.cost,
                    Measure::Margin => amounts.margin,
                    _ => amounts.revenue,
                }
            });
            Some(amounts.fold(Total::ZERO, Total::plus).micros())
        }
    }
}

fn delivery_rate(row: &SeriesRow) -> Option<String> {
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let (delivered, failed) = (count(row.delivered), count(row.failed));
    let ended = delivered.saturating_add(failed);
    (ended > 0).then(|| percent(delivered, ended))
}

fn latency(latencies: &Latencies) -> LatencyFigures {
    LatencyFigures {
        messages: latencies.total(),
        p50_ms: latencies.per_mille_ms(500),
        p95_ms: latencies.per_mille_ms(950),
        p99_ms: latencies.per_mille_ms(990),
    }
}
