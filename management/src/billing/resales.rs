//! Statements of commission and margin, from the counters that each commit keeps, and payouts of commission.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::extract::Conditions;
use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::problem::Problem;
use tollgate_api::resales::{
    CommissionPayout, NewPayout, PayoutTo, ResaleLine, ResaleQuery, ResaleStatement, ResaleTotals,
    ResalesService,
};
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::change::{self, EntryText};
use tollgate_storage::clock::now;
use tollgate_storage::resales::ResaleKey;
use tollgate_storage::rows::{EntryKind, ResaleRow};

use super::period;
use super::wallets::{DETAILS_MAX, REFERENCE_MAX, request_text};
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::plain_text::{check_line, check_lines};
use crate::problems::unavailable;
use tollgate_relay::snapshot::ActiveAccount;

/// The statements of resellers, and the payouts of their commission.
#[derive(Debug)]
pub struct Resales {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
    payouts: Mutex<Payouts>,
}

/// Takes commission, one payout after the other: it is held until its commit, so that whoever asks next finds an earlier use
/// of the same Idempotency-Key either not begun or on disk.
#[derive(Debug)]
struct Payouts;

impl ResalesService for Resales {
    fn statement(&self, caller: &Caller, account: &str, query: &ResaleQuery) -> Answer<ResaleStatement> {
        let account = self.visibility.readable_account(caller, account)?;
        let (terms, wallet, present) = (&account.terms, &account.runtime.wallet, now());
        let month = match &query.month {
            None => terms.plan.months.month_at(present),
            Some(text) => month_of(text)?,
        };
        let tells_sales = self.told_sales(caller, &account, month)?;
        let rows = self.context.store().pockets().resales(wallet.number(), month..=month);
        let rows = rows.map_err(|error| unavailable(&error))?;
        let own = terms.account.currency;
        let mut lines: Vec<ResaleLine> = Vec::with_capacity(rows.len());
        let mut totals: BTreeMap<Currency, ResaleRow> = BTreeMap::new();
        for (key, row) in rows {
            let (child, currency) = self.child(key.child)?;
            totals.entry(currency).or_default().add(&row);
            let line = line(&key, &row, child, (own, currency));
            lines.push(if tells_sales { line } else { ResaleLine { sold: None, margin: None, ..line } });
        }
        lines.sort_by(|one, other| {
            (&one.child, &one.country, &one.network).cmp(&(&other.child, &other.country, &other.network))
        });
        let totals = totals.iter().map(|(currency, sum)| total(sum, (own, *currency)));
        let without_sales = |total| ResaleTotals { sold: None, margin: None, ..total };
        Ok(ResaleStatement {
            account: terms.account.id.to_string(),
            currency: CurrencyCode(own),
            month: month.to_string(),
            lines,
            totals: totals.map(|total| if tells_sales { total } else { without_sales(total) }).collect(),
            paid_out: MoneySum(self.paid_out(&account, month)?),
            commission_balance: MoneySum(wallet.pockets().commission),
            as_of: Time(present),
        })
    }

    fn pay_out(
        &self,
        caller: &Caller,
        account: &str,
        new: NewPayout,
        conditions: &Conditions,
    ) -> Answer<CommissionPayout> {
        let account = self.visibility.visible_account(caller, account)?;
        if new.amount.0 <= Amount::ZERO {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        check_line("reference", &new.reference, 0..=REFERENCE_MAX)?;
        check_lines("details", &new.details, 0..=DETAILS_MAX)?;
        let charged = &account.terms.account;
        let mut changes = self.context.change(caller);
        changes.once(conditions.key.0.as_deref(), &request_text("commission/payouts", &charged.id, &new));
        changes.meant_for(conditions.if_match, self.visibility.revision_of(&account))?;
        changes.note("commission.pay_out", format!("account/{}", charged.id), &Value::Null, &json!(&new));
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: new.reference.clone(),
            details: new.details.clone(),
            metadata: String::new(),
        };
        let wallet = &account.runtime.wallet;
        let changed = {
            let _turn = self.payouts.lock();
            if let Some(before) = changes.replayed()? {
                before
            } else {
                let to_wallet = new.to == PayoutTo::Wallet;
                let payout = change::CommissionPayout::new(Arc::clone(wallet), new.amount.0, to_wallet, text);
                changes.payout(payout.ok_or_else(|| {
                    Problem::insufficient_commission(format!(
                        "the account has earned {} {} that are not paid out",
                        wallet.pockets().commission,
                        charged.currency
                    ))
                })?);
                changes.commit()?
            }
        };
        let posted = changed.entries.first().ok_or_else(|| Problem::internal("the payout has no entry"))?;
        Ok(CommissionPayout {
            transaction: posted.id.to_string(),
            account: charged.id.to_string(),
            amount: new.amount,
            currency: CurrencyCode(charged.currency),
            to: new.to,
            commission_balance: MoneySum(wallet.pockets().commission),
            at: Time(changed.at),
        })
    }
}

impl Resales {
    /// Of the accounts that a caller may see.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup, payouts: Mutex::new(Payouts) }
    }

    /// True if the caller is told what an account's children paid to it in a month, and not only what it paid itself. Who is
    /// told neither finds no statement.
    fn told_sales(&self, caller: &Caller, account: &ActiveAccount, month: Month) -> Answer<bool> {
        let (id, number) = (&account.terms.account.id, account.runtime.wallet.number());
        let viewer = self.lookup.viewer(caller, &self.lookup.names()?)?;
        let months = &account.terms.plan.months;
        let was_below = |from: UnixMicros| from == UnixMicros::default() || months.month_at(from) < month;
        let is_told = self.lookup.told_from(&viewer, number)?.is_some_and(was_below);
        let sides = viewer.sides_of(number, []).filter(|_| is_told);
        let sides =
            sides.ok_or_else(|| Problem::not_found(format!("there is no statement of `{id}` for you")))?;
        Ok(sides.shows_sales_of(number))
    }

    /// The commission that an account was paid out in a month.
    fn paid_out(&self, account: &ActiveAccount, month: Month) -> Answer<Total> {
        let zone = period::zone(account.terms.plan.months.zone())?;
        let begins_at = |month| period::month_begins_at(&zone, month).unwrap_or_default();
        let times = begins_at(month)..begins_at(Month(month.0.saturating_add(1)));
        let (store, mut paid_out) = (self.context.store(), Total::ZERO);
        let ids = store.commits().ids_of(&times).map_err(|error| unavailable(&error))?;
        let read = store.history().entries_up(account.runtime.wallet.number(), &ids, |_, entry| {
            if entry.kind == EntryKind::CommissionPayout && times.contains(&entry.at) {
                paid_out = paid_out.minus(entry.commission);
            }
            ControlFlow::Continue(())
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(paid_out)
    }

    /// The id and currency of a child, whether it is still there or not.
    fn child(&self, number: AccountNumber) -> Answer<(String, Currency)> {
        let row = self.context.store().provisioned().account(number).map_err(|error| unavailable(&error))?;
        let row = row.ok_or_else(|| Problem::internal("a child of a reseller has no books"))?;
        let currency =
            Currency::new(&row.currency).ok_or_else(|| Problem::internal("an account has no currency"))?;
        Ok((row.id, currency))
    }
}

fn line(
    key: &ResaleKey,
    row: &ResaleRow,
    child: String,
    (own, currency): (Currency, Currency),
) -> ResaleLine {
    ResaleLine {
        child,
        child_currency: CurrencyCode(currency),
        country: key.country.map(|country| country.to_string()),
        network: key.network.to_string(),
        messages: row.messages,
        segments: row.segments,
        sold: Some(MoneySum(row.sold)),
        bought: MoneySum(row.bought),
        margin: margin(row, own, currency),
        billed: MoneySum(row.billed),
        commission: MoneySum(row.commission),
    }
}

fn total(row: &ResaleRow, (own, currency): (Currency, Currency)) -> ResaleTotals {
    ResaleTotals {
        child_currency: CurrencyCode(currency),
        messages: row.messages,
        segments: row.segments,
        sold: Some(MoneySum(row.sold)),
        bought: MoneySum(row.bought),
        margin: margin(row, own, currency),
        billed: MoneySum(row.billed),
        commission: MoneySum(row.commission),
    }
}

/// Sales less purchases, where they are in one currency.
fn margin(row: &ResaleRow, own: Currency, child: Currency) -> Option<MoneySum> {
    let margin: Total = row.sold.minus(row.bought);
    (own == child).then_some(MoneySum(margin))
}

/// A calendar month such as `2026-11`.
fn month_of(text: &str) -> Answer<Month> {
    let read = || {
        let (year, month) = text.split_once('-')?;
        let digits =
            |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month) = (digits(year, 4).then_some(year)?, digits(month, 2).then_some(month)?);
        let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then(|| Month(year * 12 + month - 1))
    };
    read().ok_or_else(|| Problem::field("month", "must be a month such as 2026-11"))
}
