//! Looks by schedule at payments that are not at their end, so that none is lost whatever does not arrive: no event, no answer,
//! nobody who comes back.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::payments::PaymentProvider;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;

use super::documents::payment;
use super::looker::PaymentLooker;
use crate::collections::PAYMENTS;
use crate::context::Context;
use crate::problems::unavailable;
use tollgate_payments::record::BY_LOOK;

/// Payments that one round looks at; the next takes the rest.
const AT_ONCE: usize = 50;

/// Looks at what is open.
#[derive(Debug)]
pub struct PaymentReconciler {
    context: Arc<Context>,
    looker: Arc<PaymentLooker>,
}

impl PaymentReconciler {
    /// Among the payments of these books.
    pub fn new(context: Arc<Context>, looker: Arc<PaymentLooker>) -> Self {
        Self { context, looker }
    }

    /// One round over what is due. A provider that does not answer is left alone for the rest of it.
    pub fn look(&self, due: UnixMicros) -> Answer<()> {
        let (system, mut silent): (_, Vec<PaymentProvider>) = (Caller::system(), Vec::new());
        for (key, id) in self.due(due)? {
            let Some((_, payment)) = payment(self.context.store(), &id)? else { continue };
            if payment.look_key().is_none_or(|look| look.as_bytes() != key) {
                // Left over from a change that came in between.
                self.forget(&key)?;
                continue;
            }
            if silent.contains(&payment.provider) {
                continue;
            }
            if let Err(problem) = self.looker.look(&system, &id, true) {
                tracing::warn!(payment = id, problem = problem.detail, "a look at a payment brought nothing");
                silent.push(payment.provider);
            }
        }
        Ok(())
    }

    fn due(&self, due: UnixMicros) -> Answer<Vec<(Vec<u8>, String)>> {
        let end = format!("{BY_LOOK}{:020}/", due.0.saturating_add(1));
        let mut keys = Vec::new();
        let read = self.context.store().documents().list(PAYMENTS, BY_LOOK.as_bytes(), None, |key, row| {
            if key >= end.as_bytes() || keys.len() == AT_ONCE {
                return false;
            }
            keys.push((key.to_vec(), serde_json::from_slice::<String>(&row.body).unwrap_or_default()));
            true
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(keys)
    }

    fn forget(&self, key: &[u8]) -> Answer<()> {
        let system = Caller::system();
        let mut changes = self.context.change(&system);
        changes.document::<String>(PAYMENTS, key, Expected::Any, None);
        changes.commit().map(drop)
    }
}
