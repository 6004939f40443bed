//! The period that begins: its document, and the bundle that it brings.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{ChangeLine, PeriodOrigin};
use tollgate_api::time::Time;
use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::TrafficScope;
use tollgate_storage::rows::{BundleRow, LateRefund, Rollover, Validity};

use super::books::SubscriptionBooks;
use super::record::{Dates, PeriodRecord, SubscriptionRecord, beyond_calendar, month_of, today};
use crate::billing::bundles::given_row;

/// The priority of tokens among bundles that end together.
const TOKENS_PRIORITY: u8 = 100;

/// The document of the present period.
pub fn period_record(
    record: &SubscriptionRecord,
    (origin, paid): (PeriodOrigin, Money),
    lines: Vec<ChangeLine>,
    now: UnixMicros,
) -> Answer<PeriodRecord> {
    let dates = record.dates()?;
    let (first, last) = record.days(&dates)?;
    Ok(PeriodRecord {
        account: record.account.clone(),
        subscription: record.number,
        number: record.period_number()?,
        plan: record.terms.name.clone(),
        origin,
        first_day: first.to_string(),
        last_day: last.to_string(),
        price: record.period_price,
        paid,
        currency: record.terms.currency,
        month: month_of(today(now, &dates.zone)?),
        lines,
        charged_at: Time(now),
    })
}

/// The bundle that the present period brings, which ends with it.
pub fn bundle_of(
    books: &SubscriptionBooks,
    record: &SubscriptionRecord,
    now: UnixMicros,
) -> Answer<Option<BundleRow>> {
    let dates: Dates = record.dates()?;
    let ends_at = record.position(&dates).ends_at().ok_or_else(beyond_calendar)?;
    if ends_at <= now {
        return Ok(None);
    }
    let origin = record.origin()?;
    if let Some(name) = &record.terms.bundle {
        let product = books
            .products
            .product(name)
            .ok_or_else(|| Problem::wrong_state(format!("there is no bundle product `{name}` any more")))?;
        return Ok(Some(given_row(&product, origin, (now, ends_at))));
    }
    Ok(record.terms.tokens.map(|tokens| BundleRow {
        product: record.terms.name.clone(),
        unit: BundleUnit::Tokens,
        scope: Arc::new(TrafficScope::All),
        priority: TOKENS_PRIORITY,
        units: tokens,
        left: tokens,
        bought_at: now,
        expires_at: ends_at,
        price: Amount::ZERO,
        late_refund: LateRefund::Forfeit,
        rollover: Rollover::None,
        validity: Validity::Days(1),
        period: 0,
        origin,
    }))
}
