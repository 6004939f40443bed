//! The tokens that an account has used, by day and month of its time zone.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::ToSpan;
use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{TokenUsage, TokenUsageQuery, TokensOfDay, TokensOfMonth};
use tollgate_billing::period::{date_at, instant};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::record::{beyond_calendar, month_of, today};
use crate::billing::period::zone;
use crate::problems::unavailable;

/// Days that are shown where the query does not say.
const DAYS_DEFAULT: u32 = 30;
/// Days that are shown at most.
const DAYS_MAX: u32 = 366;

/// The usage of the days up to today, and of the months that they lie in.
pub fn token_usage(
    store: &Store,
    account: &ActiveAccount,
    query: TokenUsageQuery,
    now: UnixMicros,
) -> Answer<TokenUsage> {
    let days = query.days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::field("days", format!("must be from 1 to {DAYS_MAX}")));
    }
    let time_zone = account.terms.plan.plan.time_zone.clone();
    let zone = zone(&time_zone)?;
    let today = today(now, &zone)?;
    let first = today.checked_sub(i64::from(days - 1).days()).map_err(|_| beyond_calendar())?;
    let since = instant(first.first_of_month(), &zone).unwrap_or(UnixMicros(0));
    let mut used: BTreeMap<Date, u64> = BTreeMap::new();
    let ids = store.commits().ids_of(&(since..UnixMicros(u64::MAX))).map_err(|error| unavailable(&error))?;
    let read = store.history().entries_up(account.runtime.wallet.number(), &ids, |_, entry| {
        if entry.kind == EntryKind::BundleConsumption {
            let tokens: u64 = entry.units.iter().map(|(_, units)| units.unsigned_abs()).sum();
            if let Some(day) = date_at(entry.at, &zone) {
                let sum = used.entry(day).or_default();
                *sum = sum.saturating_add(tokens);
            }
        }
        ControlFlow::Continue(())
    });
    read.map_err(|error| unavailable(&error))?;
    Ok(view(account, time_zone, (first, today), &used))
}

fn view(
    account: &ActiveAccount,
    time_zone: String,
    (first, today): (Date, Date),
    used: &BTreeMap<Date, u64>,
) -> TokenUsage {
    let of = |day: &Date| used.get(day).copied().unwrap_or_default();
    let mut months: BTreeMap<String, u64> = BTreeMap::new();
    let (mut days, mut day) = (Vec::new(), Some(first.first_of_month()));
    while let Some(at) = day.filter(|day| *day <= today) {
        let sum = months.entry(month_of(at)).or_default();
        *sum = sum.saturating_add(of(&at));
        if at >= first {
            days.push(TokensOfDay { day: at.to_string(), tokens: of(&at) });
        }
        day = at.tomorrow().ok();
    }
    let months: Vec<_> = months.into_iter().map(|(month, tokens)| TokensOfMonth { month, tokens }).collect();
    TokenUsage {
        account: account.provisioned.account.id.to_string(),
        time_zone,
        today: of(&today),
        this_month: months.last().map_or(0, |month| month.tokens),
        days,
        months,
    }
}
