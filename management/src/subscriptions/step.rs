//! One step of a subscription: all that it writes, in one change.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::to_value;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryChange, EntryText, Expected};
use tollgate_storage::rows::{BundleRow, EntryKind};

use super::books::{SubscriptionBooks, Turn};
use super::record::{PeriodRecord, SubscriptionRecord, month_of};
use super::revenue::{EarnedPart, EntryParts};
use super::told;
use crate::change_set::ChangeSet;
use crate::collections::SUBSCRIPTION_PERIODS;
use crate::documents::Document;
use crate::payments::beginning::Beginnings;
use tollgate_payments::record::PaymentRecord;

/// A step that is about to be made.
pub struct Step<'a> {
    /// The account of the subscription.
    pub account: &'a Arc<ActiveAccount>,
    /// The document before; `None` for a new subscription.
    pub before: Option<&'a Document<SubscriptionRecord>>,
    /// The document after.
    pub after: SubscriptionRecord,
    /// The action in the audit log.
    pub action: &'static str,
    /// The period that begins with it.
    pub period: Option<PeriodRecord>,
    /// The money that it moves.
    pub money: Option<EntryParts>,
    /// The bundle that the period brings.
    pub bundle: Option<BundleRow>,
    /// The bundle of the period before, whose rest is taken away.
    pub cut: Option<BundleChange>,
    /// The plan that the account moves to.
    pub tariff: Option<String>,
    /// The payment that is begun with it.
    pub payment: Option<PaymentRecord>,
}

/// The money that a step is paid with.
pub enum Funds {
    /// That of the wallet, down to this far below zero.
    Wallet(Amount),
    /// Money that comes in with the same change; beyond it that of the wallet, down to this far below zero.
    Payment(EntryChange, Amount),
}

impl<'a> Step<'a> {
    /// A step that makes the document alone.
    pub fn beginning(account: &'a Arc<ActiveAccount>, after: SubscriptionRecord) -> Self {
        Self {
            account,
            before: None,
            after,
            action: "subscription.begin",
            period: None,
            money: None,
            bundle: None,
            cut: None,
            tariff: None,
            payment: None,
        }
    }

    /// A step that changes the document alone.
    pub fn of(
        account: &'a Arc<ActiveAccount>,
        before: &'a Document<SubscriptionRecord>,
        after: SubscriptionRecord,
        action: &'static str,
    ) -> Self {
        Self { before: Some(before), action, ..Self::beginning(account, after) }
    }
}

/// Makes a step durable: document, period, money, units, plan, counters and audit note, all or nothing.
pub fn write(books: &SubscriptionBooks, caller: &Caller, step: Step<'_>, _turn: &mut Turn) -> Answer<()> {
    let account = step.account;
    let mut configuration = step.tariff.is_some().then(|| books.context.core.configuration.change());
    let plan_move = match (&step.tariff, &configuration) {
        (Some(plan), Some(turn)) => {
            Some(books.accounts.prepare_plan(turn, &account.provisioned.account.id, plan)?)
        }
        _ => None,
    };
    let mut changes = books.context.change(caller);
    let limit = account.terms.account.credit_limit;
    add_step(books, &caller.actor, Funds::Wallet(limit), step, &mut changes)?;
    if let Some(plan_move) = &plan_move {
        books.accounts.add_plan_move(&mut changes, plan_move);
    }
    let changed = changes.commit()?;
    if let (Some(plan_move), Some(turn)) = (plan_move, configuration.as_mut()) {
        plan_move.enact(turn, &changed);
    }
    Ok(())
}

/// Adds a step to a change, but for the plan of the tariff.
pub fn add_step<'a>(
    books: &'a SubscriptionBooks,
    actor: &str,
    funds: Funds,
    step: Step<'_>,
    changes: &mut ChangeSet<'a>,
) -> Answer<()> {
    let account = &step.account.provisioned.account;
    let key = step.after.key();
    let was = step.before.map(|before| to_value(&before.value).unwrap_or_default()).unwrap_or_default();
    let is = to_value(&step.after).unwrap_or_default();
    changes.note(step.action, format!("account/{}/{}", account.id, step.after.name()), &was, &is);
    told::emit(changes, step.action, step.before.map(|before| &before.value), &step.after);
    if let Some(period) = &step.period {
        changes.document(SUBSCRIPTION_PERIODS, period.key().as_bytes(), Expected::Absent, Some(period));
    }
    add_money(books, (actor, funds), (step.account, &step.after), step.money.as_ref(), changes)?;
    if let Some(payment) = &step.payment {
        Beginnings::add(changes, payment);
    }
    changes.put(&books.records, &key, step.before, step.after);
    if let Some(cut) = step.cut {
        changes.bundle(cut);
    }
    if let Some(row) = step.bundle {
        told::emit_bundle(changes, &account.id, &row);
        let text = EntryText {
            actor: actor.to_owned(),
            reference: row.product.clone(),
            details: row.origin.clone(),
            metadata: String::new(),
        };
        let wallet = Arc::clone(&step.account.runtime.wallet);
        let bundle = BundleChange::buy(wallet, row, Amount::ZERO, text).map_err(Problem::refused)?;
        changes.bundle(bundle);
    }
    Ok(())
}

/// Takes what is to be paid from the wallet, or gives back, and counts it.
fn add_money(
    books: &SubscriptionBooks,
    (actor, funds): (&str, Funds),
    (account, after): (&Arc<ActiveAccount>, &SubscriptionRecord),
    money: Option<&EntryParts>,
    changes: &mut ChangeSet<'_>,
) -> Answer<()> {
    let (mut incoming, limit) = match funds {
        Funds::Wallet(limit) => (None, limit),
        Funds::Payment(incoming, limit) => (Some(incoming), limit),
    };
    let Some(money) = money.filter(|money| !money.parts.is_empty()) else {
        if let Some(incoming) = incoming {
            changes.entry(incoming);
        }
        return Ok(());
    };
    let total = money.total().ok_or_else(|| Problem::unprocessable("the amount is too much"))?;
    let text = EntryText {
        actor: actor.to_owned(),
        reference: after.name(),
        details: after.terms.name.clone(),
        metadata: to_value(money).unwrap_or_default().to_string(),
    };
    let (wallet, kind) = (Arc::clone(&account.runtime.wallet), EntryKind::Subscription);
    let entry = match &mut incoming {
        _ if total <= Amount::ZERO => EntryChange::credit(wallet, kind, total.negated(), text),
        Some(incoming) => incoming.pay(kind, total, limit, text),
        None => EntryChange::debit(wallet, kind, total, limit, text),
    };
    let entry = entry.map_err(Problem::refused)?;
    // What pays comes before what is paid.
    for entry in incoming.into_iter().chain([entry]) {
        changes.entry(entry);
    }
    money.count(books.context.store(), CurrencyCode(account.provisioned.account.currency), changes)
}

/// The money of a step on a day: what each plan earns, as far as it is not nothing.
pub fn parts(
    after: &SubscriptionRecord,
    today: Date,
    earned: impl IntoIterator<Item = EarnedPart>,
) -> Answer<Option<EntryParts>> {
    let parts: Vec<EarnedPart> = earned.into_iter().filter(|part| part.amount != Money::default()).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let (period, month) = (after.period_number()?, month_of(today));
    Ok(Some(EntryParts { subscription: after.number, period, month, parts }))
}

/// The price of a period of a plan.
pub fn price_part(plan: &str, price: Money) -> EarnedPart {
    EarnedPart { plan: plan.to_owned(), amount: price, periods: 1 }
}

/// A part of a price that is given back to whoever paid it.
pub fn credit_part(plan: &str, credit: Amount) -> EarnedPart {
    EarnedPart { plan: plan.to_owned(), amount: Money(credit.negated()), periods: 0 }
}
