//! The consequences of a payment: one part of a change for each purpose.
//!
//! What is settled elsewhere than here is given by those who know it, behind one trait. A settlement refuses what cannot be done
//! any more, and then the money goes into the wallet as that of a top-up.

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

/// The purpose of a payment to be begun, and its amount.
pub type Asked = (PaymentPurpose, Amount);

/// The consequence of a payment of one purpose. Each entry that it posts for the money itself has the payment's id as its reference.
pub trait Settlement: Send + Sync {
    /// Refuses a payment that could not be settled, before anybody is asked for money. Gives its purpose in full, and its
    /// amount, which is what is to be paid where none was given.
    fn check(
        &self,
        account: &Arc<ActiveAccount>,
        purpose: &PaymentPurpose,
        amount: Option<Amount>,
    ) -> Answer<Asked>;

    /// Adds what the payment does to the change in which it succeeds.
    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()>;

    /// Adds what follows from a payment that was declined, cancelled, or needs somebody where nobody is, to the change that
    /// notes it.
    fn add_failure<'a>(
        &'a self,
        _changes: &mut ChangeSet<'a>,
        _account: &Arc<ActiveAccount>,
        _payment: &PaymentRecord,
    ) -> Answer<()> {
        Ok(())
    }

    /// Adds what follows from money of the payment that goes back to who paid it, or comes again after all, to the change that
    /// moves it. `amount` is below zero for what goes back.
    fn add_return<'a>(
        &'a self,
        _changes: &mut ChangeSet<'a>,
        _account: &Arc<ActiveAccount>,
        _payment: &PaymentRecord,
        _amount: Amount,
    ) -> Answer<()> {
        Ok(())
    }

    /// A line for people about what it is for.
    fn title(&self, purpose: &PaymentPurpose) -> String;
}

/// The settlement of every purpose.
#[derive(Clone)]
pub struct Settlements {
    /// Of bundles that are bought.
    bundle: Arc<dyn Settlement>,
    /// Of invoices of the house.
    invoice: Arc<dyn Settlement>,
    /// Of periods of subscriptions.
    subscription: Arc<dyn Settlement>,
}

impl std::fmt::Debug for Settlements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settlements").finish_non_exhaustive()
    }
}

impl Settlements {
    /// Of top-ups and bundles, and of what these settle.
    pub fn new(
        bundles: Arc<Bundles>,
        invoice: Arc<dyn Settlement>,
        subscription: Arc<dyn Settlement>,
    ) -> Self {
        Self { bundle: Arc::new(BundleSettlement(bundles)), invoice, subscription }
    }

    /// The settlement of a payment that has succeeded, by what became of its money.
    pub fn of_paid(&self, payment: &PaymentRecord) -> &dyn Settlement {
        if payment.is_unsettled { &TopUp } else { self.of(&payment.purpose) }
    }

    /// The settlement of a purpose.
    pub fn of(&self, purpose: &PaymentPurpose) -> &dyn Settlement {
        match purpose {
            PaymentPurpose::TopUp => &TopUp,
            PaymentPurpose::Bundle { .. } => &*self.bundle,
            PaymentPurpose::Invoice { .. } => &*self.invoice,
            PaymentPurpose::Subscription { .. } => &*self.subscription,
        }
    }
}

/// The entry by which the money of a payment is in the wallet.
pub fn money_in(account: &ActiveAccount, payment: &PaymentRecord, kind: EntryKind) -> Answer<EntryChange> {
    let text = EntryText {
        actor: payment.confirmed_by.clone().unwrap_or_else(|| payment.created_by.clone()),
        reference: payment.id.clone(),
        details: format!("payment by {}", provider_name(payment.provider)),
        metadata:
            json!({ "payment": payment.id, "provider_id": payment.provider_id, "purpose": payment.purpose })
                .to_string(),
    };
    let wallet = Arc::clone(&account.runtime.wallet);
    EntryChange::credit(wallet, kind, received(payment), text).map_err(Problem::refused)
}

/// The amount that a payment has brought.
pub fn received(payment: &PaymentRecord) -> Amount {
    payment.received.unwrap_or(payment.amount).0
}

/// An amount that has to be the price of what is paid.
pub fn at_price(amount: Option<Amount>, price: Amount, what: &str) -> Answer<Amount> {
    if amount.is_none_or(|amount| amount == price) {
        return Ok(price);
    }
    Err(Problem::field("amount", format!("must be {price}, the price of {what}")))
}

/// The money goes into the wallet.
pub struct TopUp;

impl Settlement for TopUp {
    fn check(
        &self,
        _: &Arc<ActiveAccount>,
        purpose: &PaymentPurpose,
        amount: Option<Amount>,
    ) -> Answer<Asked> {
        let amount = amount.ok_or_else(|| Problem::field("amount", "is needed for a top-up"))?;
        Ok((purpose.clone(), amount))
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        changes.entry(money_in(account, payment, EntryKind::Payment)?);
        let received = payment.received.unwrap_or(payment.amount).0;
        wallet_told::emit(changes, EventType::WalletToppedUp, account, (received, &payment.id));
        Ok(())
    }

    fn title(&self, _: &PaymentPurpose) -> String {
        "Top-up".to_owned()
    }
}

/// The money goes into the wallet, and the price of a bundle out of it.
struct BundleSettlement(Arc<Bundles>);

impl Settlement for BundleSettlement {
    fn check(
        &self,
        account: &Arc<ActiveAccount>,
        purpose: &PaymentPurpose,
        amount: Option<Amount>,
    ) -> Answer<Asked> {
        let product = product_of(purpose);
        let row = self.0.bought_row(account, product)?;
        Ok((purpose.clone(), at_price(amount, row.price, &format!("`{product}`"))?))
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        let product = product_of(&payment.purpose);
        let row = self.0.bought_row(account, product)?;
        if received(payment) < row.price {
            return Err(Problem::wrong_state(format!("the payment does not cover the price of `{product}`")));
        }
        let text = EntryText {
            actor: payment.created_by.clone(),
            reference: product.to_owned(),
            details: format!("paid by {}", payment.id),
            metadata: String::new(),
        };
        let income = self.0.income_of(account, product, &payment.created_by)?;
        let mut money = money_in(account, payment, EntryKind::Payment)?;
        emit_begun(changes, &payment.account, &row, true);
        let bought = BundleChange::buy_with(&mut money, row, text).map_err(Problem::refused)?;
        changes.entry(money);
        if let Some(income) = income {
            changes.entry(income);
        }
        changes.bundle(bought);
        Ok(())
    }

    fn title(&self, purpose: &PaymentPurpose) -> String {
        format!("Bundle {}", product_of(purpose))
    }
}

/// The bundle product that is bought.
fn product_of(purpose: &PaymentPurpose) -> &str {
    match purpose {
        PaymentPurpose::Bundle { product } => product,
        _ => "",
    }
}
