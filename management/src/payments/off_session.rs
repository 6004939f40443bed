//! Charges of saved methods, without anybody at a page: written down with what they are for, and sent once that is durable.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::payments::{NewPayment, PaymentPurpose, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_relay::snapshot::ActiveAccount;

use super::beginning::Beginnings;
use super::looker::PaymentLooker;
use super::methods;
use crate::context::Context;
use tollgate_payments::record::PaymentRecord;

/// A charge that is written down and to be sent.
#[derive(Clone, Debug)]
pub struct BegunCharge {
    /// The payment itself.
    pub payment: PaymentRecord,
    /// The payment for the same before it, which nobody is to pay any more.
    pub replaces: Option<String>,
}

/// Charges saved methods.
#[derive(Debug)]
pub struct OffSession {
    context: Arc<Context>,
    beginnings: Arc<Beginnings>,
    looker: Arc<PaymentLooker>,
}

impl OffSession {
    /// Writes down and sends by these.
    pub fn new(context: Arc<Context>, beginnings: Arc<Beginnings>, looker: Arc<PaymentLooker>) -> Self {
        Self { context, beginnings, looker }
    }

    /// The payment of a purpose by a saved method, of what is to be paid. It is to be written in the change of what it is for.
    pub fn record(
        &self,
        caller: &Caller,
        account: &Arc<ActiveAccount>,
        method: &str,
        purpose: PaymentPurpose,
    ) -> Answer<PaymentRecord> {
        let id = &*account.provisioned.account.id;
        let found = methods::get(self.context.store(), id, method)?;
        let missing =
            || Problem::field("payment_method", format!("the account has no saved method `{method}`"));
        let (_, method) = found.ok_or_else(missing)?;
        let new = NewPayment {
            account: Some(id.to_owned()),
            provider: method.provider,
            amount: None,
            purpose,
            payment_method: Some(method.id),
            save_method: false,
        };
        self.beginnings.record(caller, account, &new)
    }

    /// True if the account has this method.
    pub fn has(&self, account: &str, method: &str) -> Answer<bool> {
        Ok(methods::get(self.context.store(), account, method)?.is_some())
    }

    /// Sends a charge that is durable. The one that it replaces is ended before, so that not both are paid. What is cut off here
    /// is sent by schedule.
    pub fn send(&self, charge: &BegunCharge) {
        let system = Caller::system();
        let ended = charge.replaces.as_deref().map(|id| self.looker.cancel(&system, id));
        if matches!(ended, Some(Ok(before)) if before.state == PaymentState::Succeeded) {
            note(&charge.payment, self.looker.drop_unsent(&system, &charge.payment.id));
            return;
        }
        note(&charge.payment, self.looker.send(&system, &charge.payment).map(drop));
    }
}

fn note(payment: &PaymentRecord, done: Answer<()>) {
    if let Err(problem) = done {
        tracing::warn!(payment = payment.id, problem = problem.detail, "a charge is sent again by schedule");
    }
}
