//! The paths of the wecall clients: answers of the other services in the words that these clients know. The only decision
//! made here is that a wallet may be made when it is first asked for.

mod view;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use tollgate_api::accounts::{AccountPatch, AccountsService, NewAccount};
use tollgate_api::alerts::{AlertsQuery, AlertsService};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::existing_clients::{
    ExistingClientsService, WecallAlert, WecallInvoice, WecallInvoiceQuery, WecallInvoicesQuery,
    WecallPeriod, WecallPlan, WecallPlanType, WecallRate, WecallRatesQuery, WecallTopup, WecallTransaction,
    WecallTransactionsQuery, WecallUsage, WecallWallet, WecallWalletPatch,
};
use tollgate_api::extract::{IdempotencyKey, IfMatch};
use tollgate_api::invoices::{InvoicesQuery, InvoicesService};
use tollgate_api::money::Money;
use tollgate_api::page::{LIMIT_DEFAULT, LIMIT_MAX, Page};
use tollgate_api::plans::{PlansQuery, PlansService};
use tollgate_api::problem::Problem;
use tollgate_api::rate_cards::{RateCardsQuery, RateCardsService};
use tollgate_api::recharges::{AutoRechargeInput, RechargesService};
use tollgate_api::time::Time;
use tollgate_api::usage::{UsagePeriod, UsageQuery, UsageService, Whose};
use tollgate_api::wallets::{NewTopup, TransactionsQuery, Wallet, WalletsService};
use tollgate_billing::period::date_at;
use tollgate_engine::money::Amount;
use tollgate_engine::time::{UnixMicros, parse_date};

use crate::accounts::Accounts;
use crate::billing::invoices::Invoices;
use crate::billing::period;
use crate::billing::usage::UsageReports;
use crate::billing::wallets::Wallets;
use crate::context::Context;
use crate::identity::random;
use crate::identity::visibility::Visibility;
use crate::tariffs::plans::Plans;
use crate::tariffs::rate_cards::RateCards;
use tollgate_provisioning::texts;
use tollgate_storage::clock::now;

/// Rates of one answer.
const RATES_MAX: usize = 10_000;
/// Plans of one answer.
const PLANS_MAX: usize = 1_000;
/// Alerts of one answer.
const ALERTS_MAX: usize = 100;
/// Pages that are read for one answer: some may be short, and the reading must end.
const PAGES_MAX: usize = 100;
/// Characters of a system_id where the account's id is too long to be one.
const SYSTEM_ID_CHARACTERS: usize = 12;
/// The reference of a top-up that names none.
const TOPUP_REFERENCE: &str = "topup";

/// The paths of the wecall clients.
pub struct ExistingClients {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    services: AnsweringServices,
}

/// The services whose answers are translated.
pub struct AnsweringServices {
    /// Makes an account for a first request.
    pub accounts: Arc<Accounts>,
    /// Shows wallets and transactions, and makes top-ups.
    pub wallets: Arc<Wallets>,
    /// Shows the usage of an account.
    pub usage: Arc<UsageReports>,
    /// Shows the invoices of accounts.
    pub invoices: Arc<Invoices>,
    /// Lists the plans.
    pub plans: Arc<Plans>,
    /// Lists the rates.
    pub rate_cards: Arc<RateCards>,
    /// Shows and sets auto-recharge.
    pub recharges: Arc<dyn RechargesService>,
    /// Lists the alerts.
    pub alerts: Arc<dyn AlertsService>,
}

impl fmt::Debug for ExistingClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExistingClients").finish_non_exhaustive()
    }
}

impl ExistingClientsService for ExistingClients {
    fn wecall_wallet(&self, caller: &Caller, account: &str) -> Answer<WecallWallet> {
        match self.services.wallets.wallet(caller, account) {
            Err(problem) if problem.status == 404 && caller.reaches_all() && !caller.is_suspended => {
                self.make_wallet(caller, account, problem)?;
                self.wallet(caller, account)
            }
            found => self.with_recharge(caller, found?),
        }
    }

    fn wecall_change_wallet(
        &self,
        caller: &Caller,
        account: &str,
        patch: &WecallWalletPatch,
    ) -> Answer<WecallWallet> {
        let before = self.services.recharges.auto_recharge(caller, account)?.value;
        let needed = |field: &str, value: Option<Money>| {
            value.ok_or_else(|| Problem::field(field, "is needed, as it was never set"))
        };
        let amount = patch.auto_recharge_amount.or(before.amount);
        let threshold = patch.auto_recharge_threshold.or(before.threshold);
        let enabled = patch.auto_recharge_enabled.unwrap_or(before.enabled);
        if !enabled && amount.is_none() && threshold.is_none() {
            // It was never on, and there is nothing to keep.
            return self.wallet(caller, account);
        }
        let input = AutoRechargeInput {
            enabled,
            threshold: needed("auto_recharge_threshold", threshold)?,
            amount: needed("auto_recharge_amount", amount)?,
            monthly_limit: before.monthly_limit,
            payment_method: before.payment_method,
        };
        self.services.recharges.set_auto_recharge(caller, account, IfMatch(None), input)?;
        self.wallet(caller, account)
    }

    fn wecall_transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: WecallTransactionsQuery,
    ) -> Answer<Vec<WecallTransaction>> {
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {LIMIT_MAX}")));
        }
        let pages = gathered(limit as usize, |cursor| {
            let offset = query.offset.filter(|_| cursor.is_none());
            let query =
                TransactionsQuery { limit: Some(limit), cursor, offset, ..TransactionsQuery::default() };
            self.services.wallets.transactions(caller, account, &query)
        });
        Ok(pages?.into_iter().map(view::transaction).collect())
    }

    fn wecall_topup(
        &self,
        caller: &Caller,
        topup: WecallTopup,
        key: &IdempotencyKey,
    ) -> Answer<WecallWallet> {
        let WecallTopup { business_sid, amount, reference } = topup;
        let reference = reference.unwrap_or_else(|| TOPUP_REFERENCE.to_owned());
        let topup = NewTopup { amount, reference, details: None, metadata: None };
        self.services.wallets.top_up(caller, &business_sid, topup, &key.clone().into())?;
        self.wallet(caller, &business_sid)
    }

    fn wecall_plans(&self, caller: &Caller) -> Answer<Vec<WecallPlan>> {
        let plans = gathered(PLANS_MAX, |cursor| {
            let query = PlansQuery { limit: Some(LIMIT_MAX), cursor, ..PlansQuery::default() };
            self.services.plans.plans(caller, &query)
        })?;
        Ok(plans.into_iter().map(|plan| view::plan(self.plan_type(caller, &plan.name), plan)).collect())
    }

    fn wecall_rates(&self, caller: &Caller, wanted: &WecallRatesQuery) -> Answer<Vec<WecallRate>> {
        let rates = gathered(RATES_MAX, |cursor| {
            let country = wanted.country_code.as_ref().map(|country| country.to_uppercase());
            let query =
                RateCardsQuery { country, limit: Some(LIMIT_MAX), cursor, ..RateCardsQuery::default() };
            self.services.rate_cards.rate_cards(caller, &query).map(|page| page.value)
        });
        // What these clients see has no end, so that what has ended would be taken for what holds.
        let now = Time(now());
        let rates = rates?.into_iter().filter(|rate| rate.effective_to.is_none_or(|end| end > now));
        let operator = wanted.operator.as_ref().map(|operator| operator.to_lowercase());
        let rates = rates.filter(|rate| {
            operator.as_ref().is_none_or(|operator| rate.operator.to_lowercase() == *operator)
        });
        Ok(rates.map(view::rate).collect())
    }

    fn wecall_usage(&self, caller: &Caller, account: &str, period: WecallPeriod) -> Answer<WecallUsage> {
        let asked = match period {
            WecallPeriod::Today => UsagePeriod::Today,
            WecallPeriod::ThisWeek => UsagePeriod::ThisWeek,
            WecallPeriod::ThisMonth => UsagePeriod::ThisMonth,
            WecallPeriod::LastMonth => UsagePeriod::LastMonth,
            WecallPeriod::ThisYear | WecallPeriod::Last7Days | WecallPeriod::Last30Days => UsagePeriod::Range,
        };
        let days = self.days(caller, account, period)?;
        let (from, to) = days.map(|days| (Time(days.start), Time(days.end))).unzip();
        // What they show is what the wallet paid for.
        let query = UsageQuery { period: Some(asked), from, to, whose: Whose::All, ..UsageQuery::default() };
        view::usage(self.services.usage.usage(caller, account, &query)?, period)
    }

    fn wecall_invoices(&self, caller: &Caller, query: WecallInvoicesQuery) -> Answer<Vec<WecallInvoice>> {
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {LIMIT_MAX}")));
        }
        let listed = gathered(limit as usize, |cursor| {
            let (account, offset) = (query.business_sid.clone(), query.offset.filter(|_| cursor.is_none()));
            let status = query.status.map(view::status_asked);
            let limit = Some(limit);
            let query = InvoicesQuery { account, status, limit, cursor, offset, ..InvoicesQuery::default() };
            self.services.invoices.invoices(caller, &query)
        })?;
        listed.iter().map(|summary| self.listed_invoice(caller, &summary.id)).collect()
    }

    fn wecall_invoice(
        &self,
        caller: &Caller,
        account: &str,
        query: WecallInvoiceQuery,
    ) -> Answer<WecallInvoice> {
        let found = self.visibility.readable_account(caller, account)?;
        let zone = period::zone(&found.terms.plan.plan.time_zone)?;
        let begins_at = |field: &str, day: Date| {
            let at = period::begins_at(&zone, day);
            at.ok_or_else(|| Problem::field(field, "is beyond the calendar"))
        };
        let first = day("period_start", &query.period_start)?;
        let last = day("period_end", &query.period_end)?;
        let after =
            last.checked_add(1.day()).map_err(|error| Problem::field("period_end", error.to_string()))?;
        let range = begins_at("period_start", first)?..begins_at("period_end", after)?;
        view::invoice(self.services.invoices.preview(caller, account, &range)?, first, last)
    }

    fn wecall_alerts(&self, caller: &Caller, account: &str) -> Answer<Vec<WecallAlert>> {
        self.visibility.readable_account(caller, account)?;
        let alerts = gathered(ALERTS_MAX, |cursor| {
            let account = Some(account.to_owned());
            let query = AlertsQuery { account, cursor, ..AlertsQuery::default() };
            self.services.alerts.alerts(caller, &query)
        });
        Ok(alerts?.into_iter().filter_map(view::alert).collect())
    }
}

impl ExistingClients {
    /// Translates the answers of `services`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, services: AnsweringServices) -> Self {
        Self { context, visibility, services }
    }

    fn listed_invoice(&self, caller: &Caller, id: &str) -> Answer<WecallInvoice> {
        let invoice = self.services.invoices.invoice(caller, id)?.value;
        let zone = period::zone(&invoice.time_zone)?;
        let last = UnixMicros(invoice.period_end.0.0.saturating_sub(1));
        let days = date_at(invoice.period_start.0, &zone).zip(date_at(last, &zone));
        let (first, last) = days.ok_or_else(|| Problem::internal("an invoice is beyond the calendar"))?;
        view::invoice(invoice, first, last)
    }

    /// The days of a period that the usage of others has no word for.
    fn days(&self, caller: &Caller, account: &str, asked: WecallPeriod) -> Answer<Option<Range<UnixMicros>>> {
        let found = self.visibility.readable_account(caller, account)?;
        let zone = period::zone(&found.terms.plan.plan.time_zone)?;
        let beyond = || Problem::internal("the clock is set to a time beyond the calendar");
        let today = date_at(now(), &zone).ok_or_else(beyond)?;
        let first = match asked {
            WecallPeriod::ThisYear => Some(today.first_of_year()),
            WecallPeriod::Last7Days => today.checked_sub(6.days()).ok(),
            WecallPeriod::Last30Days => today.checked_sub(29.days()).ok(),
            WecallPeriod::Today
            | WecallPeriod::ThisWeek
            | WecallPeriod::ThisMonth
            | WecallPeriod::LastMonth => {
                return Ok(None);
            }
        };
        let begins_at = |day: Option<Date>| day.and_then(|day| period::begins_at(&zone, day));
        let range = begins_at(first).zip(begins_at(today.tomorrow().ok()));
        range.map(|(start, end)| Some(start..end)).ok_or_else(beyond)
    }

    fn wallet(&self, caller: &Caller, account: &str) -> Answer<WecallWallet> {
        self.with_recharge(caller, self.services.wallets.wallet(caller, account)?)
    }

    fn with_recharge(&self, caller: &Caller, wallet: Wallet) -> Answer<WecallWallet> {
        let recharge = self.services.recharges.auto_recharge(caller, &wallet.account)?.value;
        Ok(view::wallet(wallet, &recharge))
    }

    /// Makes an account with its wallet, if the configuration names a plan for that. Of several requests at once one makes
    /// it, and the others find it.
    fn make_wallet(&self, caller: &Caller, account: &str, missing: Problem) -> Answer<()> {
        let Some(plan) = &self.context.settings.api.first_request_plan else { return Err(missing) };
        // No account has an id of another form.
        if texts::name(account).is_err() {
            return Err(missing);
        }
        let system_id = match texts::system_id(account) {
            Ok(_) if self.context.core.snapshot.load().by_system_id(account.as_bytes()).is_none() => None,
            _ => Some(random::text::<SYSTEM_ID_CHARACTERS>()?),
        };
        let settings = AccountPatch { system_id, ..AccountPatch::default() };
        let new = NewAccount {
            id: account.to_owned(),
            plan: plan.clone(),
            settings,
            parent: None,
            opening_balance: None,
            // A random one that nobody is told; it has to be rotated before a first bind.
            password: None,
        };
        let system = Caller { request_id: caller.request_id.clone(), ..Caller::system() };
        match self.services.accounts.create_account(&system, new) {
            Err(problem) if problem.code != "already_exists" => Err(problem),
            _ => Ok(()),
        }
    }

    /// A plan is postpaid if it has accounts that the caller may see and all of them have a credit limit.
    fn plan_type(&self, caller: &Caller, plan: &str) -> WecallPlanType {
        let accounts = self.visibility.visible_accounts(caller);
        let mut limits = accounts
            .iter()
            .map(|account| &account.provisioned.account)
            .filter(|account| *account.plan == *plan)
            .map(|account| account.credit_limit)
            .peekable();
        let is_postpaid = limits.peek().is_some() && limits.all(|limit| limit > Amount::ZERO);
        if is_postpaid { WecallPlanType::Postpaid } else { WecallPlanType::Prepaid }
    }
}

/// The items of consecutive pages, at most `limit`.
fn gathered<T>(limit: usize, mut page: impl FnMut(Option<String>) -> Answer<Page<T>>) -> Answer<Vec<T>> {
    let (mut items, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let Page { items: more, next_cursor, .. } = page(cursor)?;
        items.extend(more.into_iter().take(limit - items.len()));
        if next_cursor.is_none() || items.len() == limit {
            break;
        }
        cursor = next_cursor;
    }
    Ok(items)
}

fn day(field: &str, text: &str) -> Answer<Date> {
    parse_date(text).ok_or_else(|| Problem::field(field, "is not a day such as 2026-11-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items gathered from these pages, the last of which may name a next one that does not exist.
    fn of(limit: usize, pages: &[&[u32]]) -> (Vec<u32>, usize) {
        let mut asked = 0;
        let items = gathered(limit, |cursor| {
            let place = cursor.map_or(0, |cursor: String| cursor.parse().unwrap());
            assert_eq!(place, asked, "one after the other");
            asked += 1;
            let next_cursor = (asked < pages.len()).then(|| asked.to_string());
            Ok(Page { items: pages[place].to_vec(), next_cursor, total: None })
        });
        (items.unwrap(), asked)
    }

    #[test]
    fn pages_are_read_until_there_is_enough_or_no_more() {
        assert_eq!(of(9, &[&[1, 2], &[], &[3]]), (vec![1, 2, 3], 3));
        assert_eq!(of(3, &[&[1, 2], &[3, 4], &[5]]), (vec![1, 2, 3], 2));
        assert_eq!(of(2, &[&[1, 2], &[3]]), (vec![1, 2], 1));
        let endless = vec![&[][..]; PAGES_MAX + 5];
        assert_eq!(of(1, &endless), (vec![], PAGES_MAX));
    }

    #[test]
    fn a_day_is_a_day() {
        assert!(day("period_start", "2026-11-01").is_ok());
        for text in ["", "2026-11", "2026-02-30", "yesterday"] {
            assert!(day("period_start", text).is_err(), "{text}");
        }
    }
}
