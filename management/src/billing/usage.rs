//! Usage, added up from the counters that the committer keeps. No CDR is read for it.

mod tally;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::Page;
use tollgate_api::time::Time;
use tollgate_api::usage::{
    AccountUsage, DailyUsage, Usage, UsageCounts, UsageListQuery, UsageQuery, UsageService,
};
use tollgate_engine::money::Amount;
use tollgate_storage::clock::now;
use tollgate_storage::rows::UsageRow;

use super::period;
use super::period::Asked;
use super::ratio::{average, percent};
use crate::Office;
use tally::Wanted;
use tollgate_relay::snapshot::ActiveAccount;

/// Days of one account's range.
const DAYS_MAX: u64 = 400;
/// Days of a range over many accounts.
const DAYS_OF_MANY_MAX: u64 = 92;

impl UsageService for Office {
    fn usage(&self, caller: &Caller, account: &str, query: &UsageQuery) -> Answer<Usage> {
        let account = self.visibility.reached(caller, account)?;
        let period = query.period.unwrap_or_default();
        let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let time_zone = &account.terms.plan.plan.time_zone;
        let zone = period::zone(time_zone)?;
        let instants = Asked { period, from, to, days_max: DAYS_MAX }.instants(&zone, now())?;
        let wants_days = query.daily.unwrap_or(false);
        let days = if wants_days { period::days(&zone, &instants) } else { Vec::new() };
        let tally = self.usage_tally(&account, &instants, Wanted::Everything(&days))?;
        let counts = counts(&tally.totals);
        let by_day = days
            .iter()
            .zip(&tally.days)
            .map(|((day, _), row)| DailyUsage { date: day.to_string(), counts: self::counts(row) });
        Ok(Usage {
            account: account.provisioned.account.id.to_string(),
            currency: CurrencyCode(account.provisioned.account.currency),
            period,
            time_zone: time_zone.clone(),
            from: Time(instants.start),
            to: Time(instants.end),
            total_messages_sent: counts.messages_sent,
            total_messages_delivered: counts.messages_delivered,
            total_messages_failed: counts.messages_failed,
            total_messages_cancelled: counts.messages_cancelled,
            total_messages_unconfirmed: counts.messages_unconfirmed,
            total_messages_pending: counts.messages_pending,
            total_segments: counts.segments,
            success_rate: counts.success_rate,
            total_cost: counts.cost,
            average_cost_per_message: counts.average_cost_per_message,
            country_usage: self.usage_by_country(&tally),
            network_usage: self.usage_by_network(&tally),
            operator_usage: self.usage_by_operator(&tally, caller.reaches_all())?,
            daily_usage: wants_days.then(|| by_day.collect()),
        })
    }

    fn usage_of_all(&self, caller: &Caller, query: &UsageListQuery) -> Answer<Page<AccountUsage>> {
        let paging = query.paging()?;
        let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let asked = Asked { period: query.period.unwrap_or_default(), from, to, days_max: DAYS_OF_MANY_MAX };
        // What is wrong with the query is wrong without accounts, too.
        asked.instants(&jiff::tz::TimeZone::UTC, now())?;
        let accounts = self.visibility.all_reached(caller).into_iter();
        let accounts = accounts.map(|account| (account.provisioned.account.id.to_string(), account));
        let Page { items, next_cursor } = paging.page(accounts, |key, after| key > after);
        let items = items.iter().map(|account| self.usage_totals(account, &asked)).collect::<Answer<_>>()?;
        Ok(Page { items, next_cursor })
    }
}

impl Office {
    fn usage_totals(&self, account: &ActiveAccount, asked: &Asked) -> Answer<AccountUsage> {
        let time_zone = &account.terms.plan.plan.time_zone;
        let instants = asked.instants(&period::zone(time_zone)?, now())?;
        let tally = self.usage_tally(account, &instants, Wanted::Totals)?;
        Ok(AccountUsage {
            account: account.provisioned.account.id.to_string(),
            currency: CurrencyCode(account.provisioned.account.currency),
            time_zone: time_zone.clone(),
            from: Time(instants.start),
            to: Time(instants.end),
            counts: counts(&tally.totals),
        })
    }
}

/// What was charged and not given back.
fn cost(row: &UsageRow) -> Amount {
    row.charged.checked_sub(row.refunded).unwrap_or_default()
}

/// A row as it is shown.
fn counts(row: &UsageRow) -> UsageCounts {
    let cost = cost(row);
    UsageCounts {
        messages_sent: row.messages,
        messages_delivered: row.delivered,
        messages_failed: row.failed,
        messages_cancelled: row.cancelled,
        messages_unconfirmed: row.unconfirmed,
        messages_pending: row.pending(),
        segments: row.segments,
        success_rate: percent(row.delivered, row.messages),
        cost: Money(cost),
        average_cost_per_message: Money(average(cost, row.messages)),
    }
}
