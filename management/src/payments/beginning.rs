//! Writes payments down, before their providers are asked for them.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::payments::{NewPayment, PaymentProvider, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;

use super::apply::PaymentApplier;
use super::documents::write_payment;
use super::methods;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::identity::random;
use tollgate_payments::provider::Providers;
use tollgate_payments::record::PaymentRecord;

/// Characters of the reference of a bank transfer, behind its first two.
const REFERENCE_CHARACTERS: usize = 8;
/// Seconds after the longest time of a request in which nobody else looks at what is just being sent.
const LOOK_AFTER_SECONDS: u64 = 5;

/// Writes payments down.
#[derive(Debug)]
pub struct Beginnings {
    context: Arc<Context>,
    providers: Providers,
    applier: Arc<PaymentApplier>,
}

impl Beginnings {
    /// In the books of `context`.
    pub fn new(context: Arc<Context>, providers: Providers, applier: Arc<PaymentApplier>) -> Self {
        Self { context, providers, applier }
    }

    /// The payment that is asked for, if it can be made.
    pub fn record(
        &self,
        caller: &Caller,
        account: &Arc<ActiveAccount>,
        new: &NewPayment,
    ) -> Answer<PaymentRecord> {
        let charged = &account.provisioned.account;
        if new.amount.is_some_and(|amount| amount.0 <= Amount::ZERO) {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        let minor_units = self.providers.minor_units(new.provider)?;
        let asked = new.amount.map(|amount| amount.0);
        let (purpose, amount) = self.applier.settlement(&new.purpose).check(account, &new.purpose, asked)?;
        let fits = minor_units.to_minor(amount, charged.currency);
        fits.map_err(|error| Problem::field("amount", error.to_string()))?;
        let (provider_method, customer) = self.method(&charged.id, new)?;
        let at = now();
        let is_manual = new.provider == PaymentProvider::Manual;
        let reference = is_manual.then(random::text::<REFERENCE_CHARACTERS>).transpose()?;
        let mut record = PaymentRecord {
            id: random::id_at("pay", at)?,
            account: charged.id.to_string(),
            provider: new.provider,
            purpose,
            amount: Money(amount),
            currency: CurrencyCode(charged.currency),
            state: PaymentState::Created,
            token: random::text::<26>()?,
            attempt: random::id_at("att", at)?,
            created_by: caller.actor.clone(),
            creator: caller.id.clone(),
            created_at: Time(at),
            updated_at: Time(at),
            save_method: new.save_method,
            payment_method: new.payment_method.clone(),
            provider_method,
            customer,
            is_recharge: false,
            reference: reference.map(|reference| format!("TG{}", reference.to_uppercase())),
            provider_id: None,
            charge_id: None,
            failure: None,
            received: None,
            refunded: Money::default(),
            disputed: Money::default(),
            open_refunds: 0,
            succeeded_at: None,
            next_look_at: None,
            looks: 0,
            confirmed_by: None,
            bank_reference: None,
            is_contradicted: false,
            is_unsettled: false,
            shares: Vec::new(),
        };
        let under_way = self.providers.get(new.provider).map_or(0, |provider| provider.timeout_seconds());
        record.schedule(at, under_way.saturating_add(LOOK_AFTER_SECONDS));
        Ok(record)
    }

    /// The table of a provider's amounts.
    pub fn minor_units(&self, provider: PaymentProvider) -> Answer<MinorUnits> {
        self.providers.minor_units(provider)
    }

    /// Adds a payment to a change, with its note for the audit log.
    pub fn add(changes: &mut ChangeSet<'_>, record: &PaymentRecord) {
        write_payment(changes, None, record);
        let after = json!({
            "account": record.account,
            "provider": record.provider,
            "purpose": record.purpose,
            "amount": record.amount,
            "currency": record.currency,
        });
        changes.note("payment.create", format!("payment/{}", record.id), &Value::Null, &after);
    }

    /// The provider's ids of the saved method and of the account, where the payment needs them.
    fn method(&self, account: &str, new: &NewPayment) -> Answer<(Option<String>, Option<String>)> {
        let store = self.context.store();
        if let Some(id) = &new.payment_method {
            let missing =
                || Problem::field("payment_method", format!("the account has no saved method `{id}`"));
            let (_, method) = methods::get(store, account, id)?.ok_or_else(missing)?;
            if method.provider != new.provider {
                return Err(Problem::field("payment_method", "is of another provider"));
            }
            return Ok((Some(method.provider_id), method.customer));
        }
        if !new.save_method {
            return Ok((None, None));
        }
        if new.provider != PaymentProvider::Stripe {
            return Err(Problem::field("save_method", "the provider saves no methods"));
        }
        if let Some(customer) = methods::customer(store, account, new.provider)? {
            return Ok((None, Some(customer)));
        }
        let made = self.providers.needed(new.provider)?.customer(account);
        let made = made.map_err(|error| error.problem("nothing was begun"))?;
        let Some(customer) = made else { return Ok((None, None)) };
        let system = Caller::system();
        let mut changes = self.context.change(&system);
        methods::write_customer(&mut changes, account, new.provider, &customer);
        match changes.commit() {
            // Another request was first, and the provider gave both the same.
            Err(problem) if problem.code == "conflict" => {
                methods::customer(store, account, new.provider).map(|customer| (None, customer))
            }
            done => done.map(|_| (None, Some(customer))),
        }
    }
}
