//! Saved methods and auto-recharge as the API asks for them.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::CurrencyCode;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::recharges::{AutoRecharge, AutoRechargeInput, PaymentMethod, RechargesService};
use tollgate_api::time::Time;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;

use super::alerts::PaymentAlerts;
use super::methods::{self, MethodRecord};
use super::recharge::clear_alerts;
use crate::content_tag::{content_tag, tagged};
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;
use tollgate_payments::provider::Providers;
use tollgate_payments::recharge_record::{RechargeRecord, never_set};

/// Saved methods and auto-recharge of accounts.
#[derive(Debug)]
pub struct Recharges {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    providers: Providers,
    alerts: Arc<PaymentAlerts>,
    records: Arc<DocumentCache<RechargeRecord>>,
}

impl RechargesService for Recharges {
    fn payment_methods(&self, caller: &Caller, account: &str) -> Answer<Page<PaymentMethod>> {
        let account = self.visibility.readable_account(caller, account)?;
        let found = methods::of_account(self.context.store(), &account.provisioned.account.id)?;
        Ok(Page::whole(found.into_iter().map(MethodRecord::view).collect()))
    }

    fn remove_payment_method(&self, caller: &Caller, account: &str, method: &str) -> Answer<()> {
        let account = self.visibility.readable_account(caller, account)?;
        let id = &*account.provisioned.account.id;
        let missing = || Problem::not_found(format!("the account has no saved method `{method}`"));
        let (revision, found) = methods::get(self.context.store(), id, method)?.ok_or_else(missing)?;
        let mut changes = self.context.change(caller);
        methods::remove(&mut changes, revision, &found);
        let uses = |record: &RechargeRecord| record.payment_method == found.id && record.is_enabled;
        if let Some(document) = self.records.get(id).filter(|document| uses(&document.value)) {
            let off = RechargeRecord { is_enabled: false, ..document.value.clone() };
            changes.put(&*self.records, id, Some(&document), off);
        }
        let before = json!({ "kind": found.kind, "brand": found.brand, "last4": found.last4 });
        changes.note("payment_method.delete", format!("account/{id}"), &before, &Value::Null);
        changes.commit()?;
        // It is not charged any more, whatever the provider does with it.
        if let Some(provider) = self.providers.get(found.provider)
            && let Err(error) = provider.forget_method(&found.provider_id)
        {
            tracing::warn!(method = found.id, ?error, "the provider keeps a method that was removed here");
        }
        Ok(())
    }

    fn auto_recharge(&self, caller: &Caller, account: &str) -> Answer<Versioned<AutoRecharge>> {
        let account = self.visibility.readable_account(caller, account)?;
        Ok(tagged(self.view(&account)))
    }

    fn set_auto_recharge(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        input: AutoRechargeInput,
    ) -> Answer<Versioned<AutoRecharge>> {
        let account = self.visibility.visible_account(caller, account)?;
        let charged = &account.provisioned.account;
        let id = &*charged.id;
        let method = self.method(id, input.payment_method.as_deref())?;
        if input.amount.0 <= Amount::ZERO {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        let fits = self.providers.minor_units(method.provider)?.to_minor(input.amount.0, charged.currency);
        fits.map_err(|error| Problem::field("amount", error.to_string()))?;
        if input.monthly_limit.is_some_and(|limit| limit < input.amount) {
            return Err(Problem::field("monthly_limit", "is less than the amount of one charge"));
        }
        let before = self.records.get(id);
        if_match.check(content_tag(&Self::view_of(&account, before.as_deref())))?;
        let kept = before.as_ref().map(|document| document.value.clone());
        let after = RechargeRecord {
            is_enabled: input.enabled,
            threshold: input.threshold,
            amount: input.amount,
            monthly_limit: input.monthly_limit,
            payment_method: method.id,
            set_by: caller.actor.clone(),
            is_asked: true,
            used_from: Time(now()),
            current: kept.as_ref().and_then(|kept| kept.current.clone()),
            last_payment: kept.as_ref().and_then(|kept| kept.last_payment.clone()),
            month: kept.as_ref().map(|kept| kept.month.clone()).unwrap_or_default(),
            charged: kept.as_ref().map(|kept| kept.charged).unwrap_or_default(),
            declines: 0,
            declined_at: Time::default(),
            stopped_by: None,
            next_try_at: None,
        };
        let mut changes = self.context.change(caller);
        let shown = |record: &RechargeRecord| {
            json!({
                "enabled": record.is_enabled,
                "threshold": record.threshold,
                "amount": record.amount,
                "monthly_limit": record.monthly_limit,
                "payment_method": record.payment_method,
            })
        };
        let was = kept.as_ref().map_or(Value::Null, shown);
        changes.note("auto_recharge.set", format!("account/{id}"), &was, &shown(&after));
        changes.put(&*self.records, id, before.as_deref(), after);
        clear_alerts(&self.alerts, &mut changes, id);
        changes.commit()?;
        Ok(tagged(self.view(&account)))
    }

    fn remove_auto_recharge(&self, caller: &Caller, account: &str, if_match: IfMatch) -> Answer<()> {
        let account = self.visibility.readable_account(caller, account)?;
        let id = &*account.provisioned.account.id;
        let document = self.records.get(id);
        if_match.check(content_tag(&Self::view_of(&account, document.as_deref())))?;
        let Some(document) = document else { return Ok(()) };
        let mut changes = self.context.change(caller);
        changes.remove(&*self.records, &document);
        let was = json!({ "enabled": document.value.is_enabled });
        changes.note("auto_recharge.delete", format!("account/{id}"), &was, &Value::Null);
        clear_alerts(&self.alerts, &mut changes, id);
        changes.commit().map(drop)
    }
}

impl Recharges {
    /// Of the accounts that have these records.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        providers: Providers,
        alerts: Arc<PaymentAlerts>,
        records: Arc<DocumentCache<RechargeRecord>>,
    ) -> Self {
        Self { context, visibility, providers, alerts, records }
    }

    fn view(&self, account: &ActiveAccount) -> AutoRecharge {
        Self::view_of(account, self.records.get(&account.provisioned.account.id).as_deref())
    }

    fn view_of(account: &ActiveAccount, record: Option<&Document<RechargeRecord>>) -> AutoRecharge {
        let charged = &account.provisioned.account;
        let currency = CurrencyCode(charged.currency);
        let month = account.terms.plan.months.month_at(now()).to_string();
        match record {
            Some(document) => document.value.view(&charged.id, currency, &month),
            None => never_set(&charged.id, currency),
        }
    }

    /// The saved method that is to be charged: the one that is named, or the one that was saved last.
    fn method(&self, account: &str, wanted: Option<&str>) -> Answer<MethodRecord> {
        let store = self.context.store();
        if let Some(id) = wanted {
            let missing =
                || Problem::field("payment_method", format!("the account has no saved method `{id}`"));
            return methods::get(store, account, id)?.map(|(_, method)| method).ok_or_else(missing);
        }
        let last = methods::of_account(store, account)?.pop();
        last.ok_or_else(|| {
            Problem::field(
                "payment_method",
                "the account has no saved method; make a payment with save_method",
            )
        })
    }
}
