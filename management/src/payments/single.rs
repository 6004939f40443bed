//! Payments of which there is one at a time for what they pay, however often somebody asks to pay it: those that are begun on the
//! page of an invoice, and by clients that ask without a key.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::Money;
use tollgate_api::payments::NewPayment;
use tollgate_api::problem::Problem;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::Expected;

use super::beginning::Beginnings;
use super::documents;
use super::looker::{Looked, PaymentLooker};
use crate::collections::PAYMENTS;
use crate::context::Context;
use crate::documents::stored_document;
use tollgate_payments::record::{PaymentRecord, pure_state};

/// Times that it is tried where somebody else begins one at the same time.
const TRIES_MAX: usize = 4;

/// Begins payments, or goes on with those that can still be paid.
#[derive(Debug)]
pub struct SinglePayments {
    context: Arc<Context>,
    beginnings: Arc<Beginnings>,
    looker: Arc<PaymentLooker>,
}

impl SinglePayments {
    /// Writes down and sends by these.
    pub fn new(context: Arc<Context>, beginnings: Arc<Beginnings>, looker: Arc<PaymentLooker>) -> Self {
        Self { context, beginnings, looker }
    }

    /// The payment of what is asked for, as its provider has it.
    pub fn begin(&self, caller: &Caller, account: &Arc<ActiveAccount>, new: &NewPayment) -> Answer<Looked> {
        for _ in 0..TRIES_MAX {
            let payment = self.beginnings.record(caller, account, new)?;
            let key = payment.single_key();
            let before = stored_document::<String>(self.context.store(), PAYMENTS, &key)?;
            let begun = before.as_ref().map(|(_, id)| id.as_str());
            if let Some(begun) = self.payable(begun, payment.amount)? {
                let looked = self.looker.look(caller, &begun.id, false);
                return Ok(looked.unwrap_or(Looked { payment: begun, seen: None }));
            }
            let mut changes = self.context.change(caller);
            Beginnings::add(&mut changes, &payment);
            let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
            changes.document(PAYMENTS, key.as_bytes(), expected, Some(&payment.id));
            match changes.commit() {
                Ok(_) => return self.looker.send(caller, &payment),
                // Somebody else was first: that payment is gone on with.
                Err(problem) if problem.code == "conflict" => {}
                Err(problem) => return Err(problem),
            }
        }
        Err(Problem::conflict("others begin to pay the same all the time; try again"))
    }

    /// The payment that was begun before, if it can still be paid and is of this amount.
    fn payable(&self, id: Option<&str>, amount: Money) -> Answer<Option<PaymentRecord>> {
        let found = id.map(|id| documents::payment(self.context.store(), id)).transpose()?.flatten();
        let found = found.map(|(_, payment)| payment);
        Ok(found.filter(|payment| payment.amount == amount && !pure_state(payment.state).is_final()))
    }
}
