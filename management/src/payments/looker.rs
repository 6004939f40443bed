//! Asks providers how payments stand, and has what they say applied. Whoever wants to know comes here: who begins a payment, who
//! comes back from paying, an event, the schedule.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::payments::{PaymentFailure, PaymentProvider, PaymentRefundState, PaymentState};
use tollgate_api::problem::Problem;
use tollgate_billing::payment::observation::Observation;
use tollgate_storage::clock::now;

use super::apply::{Occasion, PaymentApplier};
use super::disputes::PaymentDisputes;
use super::documents;
use super::refunds::PaymentRefunds;
use crate::context::Context;
use tollgate_payments::provider::{Provider, ProviderError, Providers, SeenPayment};
use tollgate_payments::record::{PaymentRecord, RefundRecord, provider_name};

/// Time for which a provider does an attempt once, however often it is asked. Behind it nothing is sent again.
const SENT_AGAIN_MAX_MICROS: u64 = 23 * 3_600_000_000;

/// Asks the providers of payments.
#[derive(Debug)]
pub struct PaymentLooker {
    context: Arc<Context>,
    providers: Providers,
    applier: Arc<PaymentApplier>,
    refunds: Arc<PaymentRefunds>,
    disputes: PaymentDisputes,
}

/// A payment as it is after a look, with what the provider said where it said something.
#[derive(Clone, Debug)]
pub struct Looked {
    pub payment: PaymentRecord,
    pub seen: Option<SeenPayment>,
}

impl PaymentLooker {
    /// Asks these providers.
    pub fn new(
        context: Arc<Context>,
        providers: Providers,
        applier: Arc<PaymentApplier>,
        refunds: Arc<PaymentRefunds>,
        disputes: PaymentDisputes,
    ) -> Self {
        Self { context, providers, applier, refunds, disputes }
    }

    /// Asks for a payment that is written down. An answer that does not come leaves it unknown, and it is asked for again.
    pub fn send(&self, caller: &Caller, payment: &PaymentRecord) -> Answer<Looked> {
        let occasion = Occasion::default();
        if payment.provider == PaymentProvider::Manual {
            let payment =
                self.applier.apply(caller, &payment.id, &said(Observation::RequiresAction), occasion)?;
            return Ok(Looked { payment, seen: None });
        }
        let provider = self.providers.needed(payment.provider)?;
        let return_url = format!("{}/pay/{}/return", self.context.settings.api.public_url, payment.token);
        let (seen, is_told) = match provider.begin(payment, &return_url) {
            Ok(seen) => (seen, true),
            Err(ProviderError::Unknown(reason)) => {
                let provider = provider_name(payment.provider);
                tracing::warn!(
                    payment = payment.id,
                    provider,
                    reason,
                    "the outcome of a payment is not known"
                );
                (said(Observation::Unknown), false)
            }
            Err(ProviderError::Refused(failure)) => {
                (SeenPayment { failure: Some(failure), ..said(Observation::Failed) }, false)
            }
        };
        let payment = self.applier.apply(caller, &payment.id, &seen, occasion)?;
        Ok(Looked { payment, seen: Some(seen).filter(|_| is_told) })
    }

    /// Asks how a payment stands, and about its refunds and disputes once it has succeeded.
    pub fn look(&self, caller: &Caller, id: &str, is_scheduled: bool) -> Answer<Looked> {
        let payment = self.payment(id)?;
        let Some(provider) = self.providers.get(payment.provider) else {
            return Ok(Looked { payment, seen: None });
        };
        let occasion = Occasion { is_scheduled, confirmed: None };
        let looked = match provider.look(&payment) {
            Ok(Some(seen)) => {
                let payment = self.applier.apply(caller, id, &seen, occasion)?;
                Looked { payment, seen: Some(seen) }
            }
            Ok(None) => self.look_for_lost(caller, &payment, is_scheduled)?,
            Err(error) => return Err(self.no_answer(&payment, &error, is_scheduled)),
        };
        if looked.payment.state == PaymentState::Succeeded {
            let followed = self.look_behind(caller, provider, &looked.payment);
            followed.map_err(|error| match error {
                Failed::Provider(error) => self.no_answer(&looked.payment, &error, false),
                Failed::Books(problem) => problem,
            })?;
            return Ok(Looked { payment: self.payment(id)?, ..looked });
        }
        Ok(looked)
    }

    /// Ends a payment that is not paid.
    pub fn cancel(&self, caller: &Caller, id: &str) -> Answer<PaymentRecord> {
        let mut payment = self.payment(id)?;
        let is_known = |payment: &PaymentRecord| payment.provider_id.is_some();
        if payment.provider != PaymentProvider::Manual
            && !is_known(&payment)
            && payment.state != PaymentState::Failed
        {
            // It may be at the provider, and be paid.
            payment = self.look(caller, id, false)?.payment;
        }
        if tollgate_payments::record::pure_state(payment.state).is_final() {
            return Ok(payment);
        }
        if payment.provider == PaymentProvider::Manual || !is_known(&payment) {
            return self.applier.apply(caller, id, &said(Observation::Cancelled), Occasion::default());
        }
        match self.providers.needed(payment.provider)?.cancel(&payment) {
            Ok(seen) => self.applier.apply(caller, id, &seen, Occasion::default()),
            // It is about to be paid, or is over: the provider tells.
            Err(ProviderError::Refused(_)) => self.look(caller, id, false).map(|looked| looked.payment),
            Err(error) => Err(error.problem("the payment is as it was")),
        }
    }

    /// Ends a payment that was never sent.
    pub fn drop_unsent(&self, caller: &Caller, id: &str) -> Answer<()> {
        self.applier.apply(caller, id, &said(Observation::Cancelled), Occasion::default()).map(drop)
    }

    /// Asks for a refund that is written down. An answer that does not come leaves it pending, and it is asked for again.
    pub fn send_refund(&self, caller: &Caller, payment: &PaymentRecord, refund: &RefundRecord) -> Answer<()> {
        let provider = self.providers.needed(payment.provider)?;
        match provider.refund(payment, refund) {
            Ok(seen) => self.refunds.apply(caller, &payment.id, &seen),
            Err(ProviderError::Refused(failure)) => {
                tracing::warn!(
                    refund = refund.id,
                    code = failure.code,
                    "a refund was refused by the provider"
                );
                self.refunds.fail(caller, refund)
            }
            Err(ProviderError::Unknown(reason)) => {
                tracing::warn!(refund = refund.id, reason, "the outcome of a refund is not known");
                Ok(())
            }
        }
    }

    fn payment(&self, id: &str) -> Answer<PaymentRecord> {
        let found = documents::payment(self.context.store(), id)?;
        found
            .map(|(_, payment)| payment)
            .ok_or_else(|| Problem::not_found(format!("there is no payment `{id}`")))
    }

    /// A payment that the provider has nothing of: it is asked for again with the same attempt, which is done once; and after
    /// the time in which the provider promises that, it has failed.
    fn look_for_lost(&self, caller: &Caller, payment: &PaymentRecord, is_scheduled: bool) -> Answer<Looked> {
        let is_lost = matches!(payment.state, PaymentState::Created | PaymentState::Unknown);
        if !is_lost {
            if is_scheduled {
                self.applier.postpone(&payment.id)?;
            }
            return Ok(Looked { payment: payment.clone(), seen: None });
        }
        if now().0.saturating_sub(payment.created_at.0.0) < SENT_AGAIN_MAX_MICROS {
            let looked = self.send(caller, payment)?;
            // An unknown payment that stays unknown is looked at later and later.
            if is_scheduled && looked.payment.state == payment.state {
                self.applier.postpone(&payment.id)?;
            }
            return Ok(looked);
        }
        let (code, message) = ("not_found".to_owned(), "the provider has nothing of the payment".to_owned());
        let seen =
            SeenPayment { failure: Some(PaymentFailure { code, message }), ..said(Observation::Failed) };
        let occasion = Occasion { is_scheduled, confirmed: None };
        let payment = self.applier.apply(caller, &payment.id, &seen, occasion)?;
        Ok(Looked { payment, seen: None })
    }

    /// Refunds and disputes of a payment that has succeeded.
    fn look_behind(
        &self,
        caller: &Caller,
        provider: &Arc<dyn Provider>,
        payment: &PaymentRecord,
    ) -> Result<(), Failed> {
        let refunds = provider.refunds(payment).map_err(Failed::Provider)?;
        for refund in &refunds {
            self.refunds.apply(caller, &payment.id, refund).map_err(Failed::Books)?;
        }
        let ours = documents::refunds(self.context.store(), &payment.id).map_err(Failed::Books)?;
        let is_lost = |refund: &&RefundRecord| {
            refund.state == PaymentRefundState::Pending && refund.provider_id.is_none()
        };
        for lost in ours.iter().filter(is_lost) {
            self.send_refund(caller, payment, lost).map_err(Failed::Books)?;
        }
        for dispute in &provider.disputes(payment).map_err(Failed::Provider)? {
            self.disputes.apply(caller, &payment.id, dispute).map_err(Failed::Books)?;
        }
        Ok(())
    }

    /// The problem of a look without an answer. One by schedule is noted, so that the next comes later.
    fn no_answer(&self, payment: &PaymentRecord, error: &ProviderError, is_scheduled: bool) -> Problem {
        if is_scheduled && let Err(problem) = self.applier.postpone(&payment.id) {
            tracing::warn!(
                payment = payment.id,
                problem = problem.detail,
                "a look at a payment is not noted"
            );
        }
        error.problem("the payment is as it was")
    }
}

/// The reason that a look went no further.
enum Failed {
    Provider(ProviderError),
    Books(Problem),
}

/// A word about a payment that says nothing but its state.
pub fn said(observed: Observation) -> SeenPayment {
    let (provider_id, charge_id, failure) = (None, None, None);
    let (method, client_secret, approve_url) = (None, None, None);
    SeenPayment { provider_id, charge_id, observed, failure, method, client_secret, approve_url }
}
