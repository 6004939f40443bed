//! Usage of accounts, added up from the counters that the committer keeps. No CDR is read for it.

mod counts;
mod table;
mod tally;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::money::CurrencyCode;
use tollgate_api::page::Page;
use tollgate_api::time::Time;
use tollgate_api::usage::{
    AccountUsage, DailyUsage, Usage, UsageListQuery, UsageQuery, UsageService, UsageTable, Whose,
};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Currency;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use super::period;
use super::period::Asked;
use crate::context::Context;
use crate::downloads::whole_table;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
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
    lookup: Arc<Lookup>,
}

/// An account whose usage is counted.
struct Counted {
    number: AccountNumber,
    id: Arc<str>,
    currency: Currency,
    time_zone: String,
    /// The time from which on the caller is told what it pays, if it is.
    told_from: Option<UnixMicros>,
}

impl UsageService for UsageReports {
    fn usage(&self, caller: &Caller, account: &str, query: &UsageQuery) -> Answer<Usage> {
        let account = self.visibility.readable_account(caller, account)?;
        let period = query.period.unwrap_or_default();
        let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let time_zone = &account.terms.plan.plan.time_zone;
        let zone = period::zone(time_zone)?;
        let instants = Asked { period, from, to, days_max: DAYS_MAX }.instants(&zone, now())?;
        let whose = query.whose;
        let wants_days = query.daily.unwrap_or(false);
        let days = if wants_days { period::days(&zone, &instants) } else { Vec::new() };
        let number = account.runtime.wallet.number();
        let viewer = self.lookup.viewer(caller, &self.lookup.names()?)?;
        let is_told = is_told(self.lookup.told_from(&viewer, number)?, &instants);
        let asked = (whose, Wanted::Everything(&days), is_told);
        let tally = Tally::read(self.context.store(), number, &instants, asked)?;
        let (counts, networks) = (tally.counts(&tally.totals), self.context.core.snapshot.load());
        let by_day = days
            .iter()
            .zip(&tally.days)
            .map(|((day, _), row)| DailyUsage { date: day.to_string(), counts: tally.counts(row) });
        Ok(Usage {
            account: account.provisioned.account.id.to_string(),
            currency: CurrencyCode(account.provisioned.account.currency),
            period,
            whose,
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

    fn export_usage(
        &self,
        caller: &Caller,
        account: &str,
        query: &UsageQuery,
        format: TableFormat,
    ) -> Answer<Export> {
        let wanted = query.table.unwrap_or_default();
        let daily = Some(wanted == UsageTable::DailyUsage);
        let usage = self.usage(caller, account, &UsageQuery { daily, ..query.clone() })?;
        let (table, rows) = table::of_account(&usage, wanted, caller.reaches_all());
        whole_table(format, table, table::file_name(wanted), &rows)
    }

    fn usage_of_all(&self, caller: &Caller, query: &UsageListQuery) -> Answer<Page<AccountUsage>> {
        let paging = query.paging()?;
        let asked = asked_of_many(query)?;
        let accounts = self.readable(caller)?.into_iter().map(|account| (account.id.to_string(), account));
        let Page { items, next_cursor, total } = paging.page(accounts, |key, after| key > after);
        let whose = query.whose.unwrap_or_default();
        let totals = |account: &Counted| account.totals(self.context.store(), &asked, whose);
        let items = items.iter().map(totals).collect::<Answer<_>>()?;
        Ok(Page { items, next_cursor, total })
    }

    fn export_usage_of_all(
        &self,
        caller: &Caller,
        query: &UsageListQuery,
        format: TableFormat,
    ) -> Answer<Export> {
        let asked = asked_of_many(query)?;
        let store = Arc::clone(&self.context.core.books.store);
        let (accounts, whose) = (self.readable(caller)?, query.whose.unwrap_or_default());
        self.context.exports.begin_table(caller, format, table::ACCOUNTS, "usage", move |write| {
            accounts.iter().try_for_each(|account| {
                let totals = account.totals(&store, &asked, whose);
                write(&table::of_accounts(&totals.map_err(|problem| io::Error::other(problem.detail))?))
            })
        })
    }
}

impl UsageReports {
    /// The usage of all accounts.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup }
    }

    fn readable(&self, caller: &Caller) -> Answer<Vec<Counted>> {
        let viewer = self.lookup.viewer(caller, &self.lookup.names()?)?;
        let accounts = self.visibility.readable_accounts(caller);
        let counted = |account: &Arc<ActiveAccount>| {
            let number = account.runtime.wallet.number();
            Ok(Counted::of(account, self.lookup.told_from(&viewer, number)?))
        };
        accounts.iter().map(counted).collect()
    }
}

/// True if somebody who is told what an account pays from an instant on is told that of a period.
fn is_told(told_from: Option<UnixMicros>, period: &Range<UnixMicros>) -> bool {
    told_from.is_some_and(|from| from <= period.start)
}

/// The period that a list is asked for. A wrong one is refused even where there are no accounts.
fn asked_of_many(query: &UsageListQuery) -> Answer<Asked> {
    let (from, to) = (query.from.map(|at| at.0), query.to.map(|at| at.0));
    let asked = Asked { period: query.period.unwrap_or_default(), from, to, days_max: DAYS_OF_MANY_MAX };
    asked.instants(&jiff::tz::TimeZone::UTC, now())?;
    Ok(asked)
}

impl Counted {
    fn of(account: &ActiveAccount, told_from: Option<UnixMicros>) -> Self {
        let charged = &account.provisioned.account;
        let number = account.runtime.wallet.number();
        Self {
            number,
            told_from,
            id: Arc::clone(&charged.id),
            currency: charged.currency,
            time_zone: account.terms.plan.plan.time_zone.clone(),
        }
    }

    fn totals(&self, store: &Store, asked: &Asked, whose: Whose) -> Answer<AccountUsage> {
        let instants = asked.instants(&period::zone(&self.time_zone)?, now())?;
        let tally = Tally::read(
            store,
            self.number,
            &instants,
            (whose, Wanted::Totals, is_told(self.told_from, &instants)),
        )?;
        Ok(AccountUsage {
            account: self.id.to_string(),
            currency: CurrencyCode(self.currency),
            whose,
            time_zone: self.time_zone.clone(),
            from: Time(instants.start),
            to: Time(instants.end),
            counts: tally.counts(&tally.totals),
        })
    }
}
