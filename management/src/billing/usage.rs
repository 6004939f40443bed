//! Usage of accounts, added up from the counters that the committer keeps. No CDR is read for it.

mod counts;
mod tally;

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::CurrencyCode;
use tollgate_api::page::Page;
use tollgate_api::time::Time;
use tollgate_api::usage::{AccountUsage, DailyUsage, Usage, UsageListQuery, UsageQuery, UsageService};
use tollgate_storage::clock::now;

use super::period;
use super::period::Asked;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use counts::counts;
use tally::{Tally, Wanted};
use tollgate_relay::snapshot::ActiveAccount;

/// Days in a range of one account.
const DAYS_MAX: u64 = 400;
/// Days in a range of many accounts.
const DAYS_OF_MANY_MAX: u64 = 92;

/// The usage of accounts.
#[derive(Debug)]
pub struct UsageReports {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
}

impl UsageService for UsageReports {
    fn usage(&self, caller: &Caller, account: &str, query: &UsageQuery) -> Answer<Usage> {
        let account = self.visibility.readable_account(caller, account)?;
        let period = query.period.unwrap_or_default();
        let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let time_zone = &account.terms.plan.plan.time_zone;
        let zone = period::zone(time_zone)?;
        let instants = Asked { period, from, to, days_max: DAYS_MAX }.instants(&zone, now())?;
        let wants_days = query.daily.unwrap_or(false);
        let days = if wants_days { period::days(&zone, &instants) } else { Vec::new() };
        let tally = Tally::read(self.context.store(), &account, &instants, Wanted::Everything(&days))?;
        let (counts, networks) = (counts(&tally.totals), self.context.core.snapshot.load());
        let by_day = days
            .iter()
            .zip(&tally.days)
            .map(|((day, _), row)| DailyUsage { date: day.to_string(), counts: counts::counts(row) });
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
            country_usage: tally.by_country(&networks.tables),
            network_usage: tally.by_network(&networks.tables),
            operator_usage: tally.by_operator(self.context.store(), caller.reaches_all())?,
            daily_usage: wants_days.then(|| by_day.collect()),
        })
    }

    fn usage_of_all(&self, caller: &Caller, query: &UsageListQuery) -> Answer<Page<AccountUsage>> {
        let paging = query.paging()?;
        let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let asked = Asked { period: query.period.unwrap_or_default(), from, to, days_max: DAYS_OF_MANY_MAX };
        // A wrong query is refused even where there are no accounts.
        asked.instants(&jiff::tz::TimeZone::UTC, now())?;
        let accounts = self.visibility.readable_accounts(caller).into_iter();
        let accounts = accounts.map(|account| (account.provisioned.account.id.to_string(), account));
        let Page { items, next_cursor } = paging.page(accounts, |key, after| key > after);
        let items = items.iter().map(|account| self.totals(account, &asked)).collect::<Answer<_>>()?;
        Ok(Page { items, next_cursor })
    }
}

impl UsageReports {
    /// The usage of all accounts.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>) -> Self {
        Self { context, visibility }
    }

    fn totals(&self, account: &ActiveAccount, asked: &Asked) -> Answer<AccountUsage> {
        let time_zone = &account.terms.plan.plan.time_zone;
        let instants = asked.instants(&period::zone(time_zone)?, now())?;
        let tally = Tally::read(self.context.store(), account, &instants, Wanted::Totals)?;
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
