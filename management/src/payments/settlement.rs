//! The consequences of a payment that has succeeded: one part of a change for each purpose.

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::events::types::EventType;
use tollgate_api::payments::PaymentPurpose;
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryChange, EntryText};
use tollgate_storage::rows::EntryKind;

use crate::billing::bundles::{Bundles, emit_begun};
use crate::billing::wallet_told;
use crate::change_set::ChangeSet;
use tollgate_payments::record::{PaymentRecord, provider_name};

/// The consequence of a payment of one purpose. Each entry that it posts for the money itself has the payment's id as its reference.
pub trait Settlement: Send + Sync {
    /// Refuses a payment that could not be settled, before anybody is asked for money.
    fn check(&self, account: &ActiveAccount, purpose: &PaymentPurpose, amount: Amount) -> Answer<()>;

    /// Adds what the payment does to the change in which it succeeds.
    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &ActiveAccount,
        payment: &PaymentRecord,
    ) -> Answer<()>;
}

/// The settlement of every purpose.
#[derive(Clone)]
pub struct Settlements {
    bundle: Arc<dyn Settlement>,
    /// `None` as long as invoices are not paid so.
    pub invoice: Option<Arc<dyn Settlement>>,
    /// `None` as long as subscriptions are not paid so.
    pub subscription: Option<Arc<dyn Settlement>>,
}

impl std::fmt::Debug for Settlements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settlements").finish_non_exhaustive()
    }
}

impl Settlements {
    /// Of top-ups and bundles.
    pub fn new(bundles: Arc<Bundles>) -> Self {
        Self { bundle: Arc::new(BundleSettlement(bundles)), invoice: None, subscription: None }
    }

    /// The settlement of a purpose.
    pub fn of(&self, purpose: &PaymentPurpose) -> Answer<&dyn Settlement> {
        let (settlement, what) = match purpose {
            PaymentPurpose::TopUp => return Ok(&TopUp),
            PaymentPurpose::Bundle { .. } => return Ok(&*self.bundle),
            PaymentPurpose::Invoice { .. } => (&self.invoice, "invoices"),
            PaymentPurpose::Subscription { .. } => (&self.subscription, "subscriptions"),
        };
        settlement
            .as_deref()
            .ok_or_else(|| Problem::field("purpose", format!("{what} are not paid by a payment here")))
    }
}

/// The entry by which the money of a payment is in the wallet.
pub fn money_in(account: &ActiveAccount, payment: &PaymentRecord, kind: EntryKind) -> Answer<EntryChange> {
    let received = payment.received.unwrap_or(payment.amount).0;
    let text = EntryText {
        actor: payment.confirmed_by.clone().unwrap_or_else(|| payment.created_by.clone()),
        reference: payment.id.clone(),
        details: format!("payment by {}", provider_name(payment.provider)),
        metadata:
            json!({ "payment": payment.id, "provider_id": payment.provider_id, "purpose": payment.purpose })
                .to_string(),
    };
    let wallet = Arc::clone(&account.runtime.wallet);
    EntryChange::credit(wallet, kind, received, text).map_err(Problem::refused)
}

/// The money goes into the wallet.
pub struct TopUp;

impl Settlement for TopUp {
    fn check(&self, _: &ActiveAccount, _: &PaymentPurpose, _: Amount) -> Answer<()> {
        Ok(())
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &ActiveAccount,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        changes.entry(money_in(account, payment, EntryKind::Payment)?);
        let received = payment.received.unwrap_or(payment.amount).0;
        wallet_told::emit(changes, EventType::WalletToppedUp, account, (received, &payment.id));
        Ok(())
    }
}

/// The money goes into the wallet, and the price of a bundle out of it.
struct BundleSettlement(Arc<Bundles>);

impl Settlement for BundleSettlement {
    fn check(&self, account: &ActiveAccount, purpose: &PaymentPurpose, amount: Amount) -> Answer<()> {
        let PaymentPurpose::Bundle { product } = purpose else { return Ok(()) };
        let row = self.0.bought_row(account, product)?;
        if row.price == amount {
            return Ok(());
        }
        let message = format!("must be {}, the price of `{product}`", row.price);
        Err(Problem::field("amount", message))
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &ActiveAccount,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        let PaymentPurpose::Bundle { product } = &payment.purpose else { return Ok(()) };
        let row = self.0.bought_row(account, product)?;
        if payment.received.is_some_and(|received| received.0 < row.price) {
            return Err(Problem::wrong_state(format!("the payment does not cover the price of `{product}`")));
        }
        let text = EntryText {
            actor: payment.created_by.clone(),
            reference: product.clone(),
            details: format!("paid by {}", payment.id),
            metadata: String::new(),
        };
        changes.entry(money_in(account, payment, EntryKind::Payment)?);
        // The price is covered by the entry before, which is in the wallet once both are durable.
        emit_begun(changes, &payment.account, &row, true);
        let wallet = Arc::clone(&account.runtime.wallet);
        changes.bundle(BundleChange::buy(wallet, row, Amount::MAX, text).map_err(Problem::refused)?);
        Ok(())
    }
}
