//! Payments that the house takes for resellers, where `[payments] collect_for_resellers` says so.
//!
//! Who buys from a reseller in a chain pays it, and every level pays the one above. Where the house takes the money, each level has
//! it: the payer's wallet for what it owes the reseller, the reseller's for what it owes the level above, and so on up to the house.
//! A level that earns a commission pays nothing for the messages, and has nothing of the money.

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::events::types::EventType;
use tollgate_api::money::Money;
use tollgate_api::payments::PaymentPurpose;
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_engine::reselling::Earning;
use tollgate_payments::record::{PaymentRecord, PaymentShare};
use tollgate_payments::share::{moved, reference};
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{EntryChange, EntryText};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;

use crate::billing::invoices::Invoices;
use crate::billing::wallet_told;
use crate::change_set::ChangeSet;
use crate::context::Context;

/// Works out for whom the house takes a payment.
#[derive(Debug)]
pub struct Collecting {
    context: Arc<Context>,
    invoices: Arc<Invoices>,
}

/// The cause of a change of shares.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'t> {
    /// The kind of the entries.
    pub kind: EntryKind,
    /// The id of the payment, refund or dispute.
    pub id: &'t str,
    /// The name of who has caused it.
    pub actor: &'t str,
}

impl Collecting {
    /// Over the accounts in force.
    pub fn new(context: Arc<Context>, invoices: Arc<Invoices>) -> Self {
        Self { context, invoices }
    }

    /// The shares of a payment that has succeeded, from the lowest level up; none where the house takes it for itself.
    pub fn shares(&self, payment: &PaymentRecord) -> Answer<Vec<PaymentShare>> {
        if !self.context.settings.payments.collect_for_resellers {
            return Ok(Vec::new());
        }
        let Some(payer) = self.context.account(&payment.account) else { return Ok(Vec::new()) };
        let levels = if payment.is_unsettled || payment.purpose == PaymentPurpose::TopUp {
            self.above(&payer)
        } else if let PaymentPurpose::Invoice { number } = &payment.purpose {
            let issuer = self.invoices.issuer_of(number)?;
            issuer.map_or_else(Vec::new, |issuer| self.issuer_and_above(&payer, &issuer))
        } else {
            // Bundles and subscriptions are sold by the house.
            Vec::new()
        };
        let received = payment.received.unwrap_or(payment.amount).0;
        let mut shares = Vec::with_capacity(levels.len());
        let (mut amount, mut from) = (received, payer);
        for level in levels {
            amount = self.converted(amount, &from, &level)?;
            let account = level.provisioned.account.id.to_string();
            shares.push(PaymentShare { account, amount: Money(amount) });
            from = level;
        }
        Ok(shares)
    }

    /// The levels above an account that pay for its messages.
    fn above(&self, account: &Arc<ActiveAccount>) -> Vec<Arc<ActiveAccount>> {
        let snapshot = self.context.core.snapshot.load();
        let (mut paying, mut below) = (Vec::new(), Arc::clone(account));
        for level in snapshot.levels_above(account) {
            let earning = below.terms.account.reselling.earning;
            below = Arc::clone(&level);
            paying.extend(Some(level).filter(|_| earning == Earning::Wholesale));
        }
        paying
    }

    /// The issuer of an invoice and the levels above it that pay for its messages. One that the payer has left since is still paid.
    fn issuer_and_above(&self, payer: &Arc<ActiveAccount>, issuer: &str) -> Vec<Arc<ActiveAccount>> {
        if payer.terms.account.reselling.parent.as_deref() == Some(issuer) {
            return self.above(payer);
        }
        let issuer = self.context.account(issuer);
        issuer.map_or_else(Vec::new, |issuer| {
            let above = self.above(&issuer);
            [issuer].into_iter().chain(above).collect()
        })
    }

    /// An amount of an account in the currency of the one above.
    fn converted(&self, amount: Amount, from: &ActiveAccount, to: &ActiveAccount) -> Answer<Amount> {
        let [from, to] = [from, to].map(|account| account.provisioned.account.currency);
        let exchange = &self.context.core.snapshot.load().tables.exchange;
        let missing = || {
            let message =
                format!("there is no exchange rate between {from} and {to}, in which a reseller is paid");
            Problem::wrong_state(message)
        };
        exchange.convert(amount, from, to, now()).ok_or_else(missing)
    }
}

/// Adds the entries by which shares follow a change of their payment. What goes back is gone, whatever the balances are.
pub fn move_shares(
    context: &Context,
    changes: &mut ChangeSet<'_>,
    (before, after): (&PaymentRecord, &PaymentRecord),
    cause: Cause<'_>,
) -> Answer<()> {
    for (id, amount) in moved(before, after) {
        let missing =
            || Problem::internal(format!("payment {} has a share of an account without books", after.id));
        let account = context.account(&id).ok_or_else(missing)?;
        let wallet = Arc::clone(&account.runtime.wallet);
        let text = EntryText {
            actor: cause.actor.to_owned(),
            reference: reference(cause.id, &id),
            details: format!("payment {} of account {}, taken by the house", after.id, after.account),
            metadata: json!({ "payment": after.id, "payer": after.account }).to_string(),
        };
        let entry = if amount.is_negative() {
            EntryChange::debit(wallet, cause.kind, amount.negated(), Amount::MAX, text)
        } else {
            EntryChange::credit(wallet, cause.kind, amount, text)
        };
        changes.entry(entry.map_err(Problem::refused)?);
        if cause.kind == EntryKind::Payment {
            wallet_told::emit(changes, EventType::WalletToppedUp, &account, (amount, &after.id));
        }
    }
    Ok(())
}
