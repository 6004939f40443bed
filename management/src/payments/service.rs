//! Payments as the API asks for them.

use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::{Conditions, IdempotencyKey, IfMatch};
use tollgate_api::page::Page;
use tollgate_api::payments::{
    NewPayment, NewPaymentRefund, Payment, PaymentConfirmation, PaymentDispute, PaymentProvider,
    PaymentPurpose, PaymentRefund, PaymentState, PaymentsQuery, PaymentsService,
};
use tollgate_api::problem::Problem;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::Expected;

use super::apply::{Occasion, PaymentApplier};
use super::beginning::Beginnings;
use super::documents;
use super::events::ProviderEvents;
use super::list;
use super::looker::{Looked, PaymentLooker, said};
use super::refunds::{AskedRefund, PaymentRefunds};
use super::single::SinglePayments;
use crate::billing::wallets::REFERENCE_MAX;
use crate::change_set::ChangeSet;
use crate::collections::PAYMENTS;
use crate::content_tag::{content_tag, tagged};
use crate::context::Context;
use crate::documents::{stored_document, to_json};
use crate::identity::visibility::Visibility;
use crate::plain_text::check_line;
use crate::problems::key_reused;
use tollgate_payments::provider::Headers;
use tollgate_payments::record::{KeyRecord, PaymentRecord, RefundRecord, request_key};

/// The payments of accounts.
pub struct Payments {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    beginnings: Arc<Beginnings>,
    single: Arc<SinglePayments>,
    applier: Arc<PaymentApplier>,
    looker: Arc<PaymentLooker>,
    refunds: Arc<PaymentRefunds>,
    events: Arc<ProviderEvents>,
    /// Wakes who handles events.
    event_came: Arc<Notify>,
    /// Held by whoever takes money for a refund until its commit, so that whoever asks next finds an earlier use of the same
    /// Idempotency-Key either not begun or on disk.
    refund_turn: Mutex<()>,
}

/// The parts that the service is made of.
pub struct PaymentParts {
    pub context: Arc<Context>,
    pub visibility: Arc<Visibility>,
    pub beginnings: Arc<Beginnings>,
    pub single: Arc<SinglePayments>,
    pub applier: Arc<PaymentApplier>,
    pub looker: Arc<PaymentLooker>,
    pub refunds: Arc<PaymentRefunds>,
    pub events: Arc<ProviderEvents>,
    pub event_came: Arc<Notify>,
}

/// The use of an Idempotency-Key by a request of a caller.
struct UsedKey {
    place: String,
    fingerprint: u64,
}

impl std::fmt::Debug for Payments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payments").finish_non_exhaustive()
    }
}

impl PaymentsService for Payments {
    fn payments(&self, caller: &Caller, query: &PaymentsQuery) -> Answer<Page<Payment>> {
        list::page(self.context.store(), &self.visibility, caller, query, self.public_url())
    }

    fn begin_payment(&self, caller: &Caller, new: NewPayment, key: &IdempotencyKey) -> Answer<Payment> {
        let account = caller.account_for(new.account.clone())?;
        let key = Self::used_key(caller, key, "payments", &new);
        if let Some(id) = self.made_by(caller, key.as_ref())? {
            return self.begun_again(caller, &id);
        }
        let account = self.payer(caller, &account, &new.purpose)?;
        let record = self.beginnings.record(caller, &account, &new)?;
        let mut changes = self.context.change(caller);
        Beginnings::add(&mut changes, &record);
        note_key(&mut changes, key.as_ref(), &record.id);
        match changes.commit() {
            Ok(_) => {}
            Err(problem) if problem.code == "conflict" && key.is_some() => {
                // A request with the same key was first.
                let made = self.made_by(caller, key.as_ref())?;
                return self.begun_again(caller, &made.ok_or(problem)?);
            }
            Err(problem) => return Err(problem),
        }
        Ok(self.shown(self.looker.send(caller, &record)?))
    }

    fn pay_once(&self, caller: &Caller, new: NewPayment) -> Answer<Payment> {
        let account = caller.account_for(new.account.clone())?;
        let account = self.payer(caller, &account, &new.purpose)?;
        Ok(self.shown(self.single.begin(caller, &account, &new)?))
    }

    fn payment(&self, caller: &Caller, id: &str) -> Answer<Versioned<Payment>> {
        Ok(tagged(self.visible(caller, id)?.view(self.public_url())))
    }

    fn cancel_payment(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<Versioned<Payment>> {
        let before = self.visible(caller, id)?;
        self.check_version(if_match, &before)?;
        if before.state == PaymentState::Succeeded {
            return Err(Problem::wrong_state(format!("payment {id} has succeeded; refund it")));
        }
        Ok(tagged(self.looker.cancel(caller, id)?.view(self.public_url())))
    }

    fn refresh_payment(&self, caller: &Caller, id: &str) -> Answer<Versioned<Payment>> {
        self.visible(caller, id)?;
        Ok(tagged(self.looker.look(caller, id, false)?.payment.view(self.public_url())))
    }

    fn confirm_payment(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        confirmation: PaymentConfirmation,
    ) -> Answer<Versioned<Payment>> {
        let payment = self.visible(caller, id)?;
        self.check_version(if_match, &payment)?;
        if payment.provider != PaymentProvider::Manual {
            return Err(Problem::wrong_state(
                "only a bank transfer is confirmed by hand; ask the provider of any other",
            ));
        }
        if matches!(payment.state, PaymentState::Succeeded | PaymentState::Cancelled) {
            return Err(Problem::wrong_state(format!("payment {id} is at its end, and cannot be confirmed")));
        }
        if self.context.settings.payments.two_person_rule && payment.creator == caller.id {
            return Err(Problem::forbidden(
                "whoever began a payment does not confirm it: another person has to",
            ));
        }
        let reference = confirmation.bank_reference.unwrap_or_default();
        check_line("bank_reference", &reference, 0..=REFERENCE_MAX)?;
        let received = confirmation.amount.map_or(payment.amount.0, |amount| amount.0);
        if received <= Amount::ZERO {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        if received != payment.amount.0 && payment.purpose != PaymentPurpose::TopUp {
            return Err(Problem::field(
                "amount",
                format!("must be {}, as the payment is for something", payment.amount.0),
            ));
        }
        let occasion = Occasion { is_scheduled: false, confirmed: Some(&reference) };
        let after = self.applier.apply(caller, id, &said(Observation::Succeeded { received }), occasion)?;
        if after.state != PaymentState::Succeeded {
            return Err(Problem::wrong_state(format!("payment {id} was cancelled meanwhile")));
        }
        Ok(tagged(after.view(self.public_url())))
    }

    fn refunds(&self, caller: &Caller, id: &str) -> Answer<Page<PaymentRefund>> {
        self.visible(caller, id)?;
        let items = documents::refunds(self.context.store(), id)?;
        Ok(Page::whole(items.into_iter().map(RefundRecord::view).collect()))
    }

    fn refund_payment(
        &self,
        caller: &Caller,
        id: &str,
        new: NewPaymentRefund,
        conditions: &Conditions,
    ) -> Answer<PaymentRefund> {
        let payment = self.visible(caller, id)?;
        check_line("reason", &new.reason, 1..=REFERENCE_MAX)?;
        let key = Self::used_key(caller, &conditions.key, &format!("payments/{id}/refunds"), &new);
        let refund = {
            let _turn = self.refund_turn.lock();
            if let Some(made) = self.made_by(caller, key.as_ref())? {
                self.refund(id, &made)?
            } else {
                self.check_version(conditions.if_match, &self.visible(caller, id)?)?;
                self.begin_refund(caller, &payment, new, key.as_ref())?
            }
        };
        if payment.provider != PaymentProvider::Manual && refund.provider_id.is_none() {
            self.looker.send_refund(caller, &payment, &refund)?;
        }
        self.refund(id, &refund.id).map(RefundRecord::view)
    }

    fn disputes(&self, caller: &Caller, id: &str) -> Answer<Page<PaymentDispute>> {
        self.visible(caller, id)?;
        let items = documents::disputes(self.context.store(), id)?;
        Ok(Page::whole(items.into_iter().map(tollgate_payments::record::DisputeRecord::view).collect()))
    }

    fn take_event(&self, provider: PaymentProvider, header: Headers<'_>, body: &[u8]) -> Answer<()> {
        self.events.take(provider, header, body)?;
        self.event_came.notify_one();
        Ok(())
    }
}

impl Payments {
    /// Made of these parts.
    pub fn new(parts: PaymentParts) -> Self {
        let PaymentParts {
            context,
            visibility,
            beginnings,
            single,
            applier,
            looker,
            refunds,
            events,
            event_came,
        } = parts;
        let refund_turn = Mutex::new(());
        Self {
            context,
            visibility,
            beginnings,
            single,
            applier,
            looker,
            refunds,
            events,
            event_came,
            refund_turn,
        }
    }

    fn public_url(&self) -> &str {
        self.context.public_url()
    }

    /// The account that is paid for. Who is removed may still pay what is owed.
    fn payer(&self, caller: &Caller, account: &str, purpose: &PaymentPurpose) -> Answer<Arc<ActiveAccount>> {
        match purpose {
            PaymentPurpose::Invoice { .. } => self.visibility.readable_account(caller, account),
            _ => self.visibility.visible_account(caller, account),
        }
    }

    fn visible(&self, caller: &Caller, id: &str) -> Answer<PaymentRecord> {
        let found = documents::payment(self.context.store(), id)?.map(|(_, payment)| payment);
        let found = found.filter(|payment| self.visibility.may_see(caller, &payment.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no payment `{id}`")))
    }

    /// Refuses what is meant for a payment that was shown otherwise. Looks by schedule that bring nothing change no version.
    fn check_version(&self, if_match: IfMatch, payment: &PaymentRecord) -> Answer<()> {
        if_match.check(content_tag(&payment.view(self.public_url())))
    }

    fn shown(&self, looked: Looked) -> Payment {
        let (client_secret, approve_url) =
            looked.seen.map(|seen| (seen.client_secret, seen.approve_url)).unwrap_or_default();
        Payment { client_secret, approve_url, ..looked.payment.view(self.public_url()) }
    }

    /// The payment that an earlier request with the same key began. One that was never sent is sent now.
    fn begun_again(&self, caller: &Caller, id: &str) -> Answer<Payment> {
        let payment = self.visible(caller, id)?;
        if payment.provider == PaymentProvider::Manual && payment.state == PaymentState::Created {
            return Ok(self.shown(self.looker.send(caller, &payment)?));
        }
        match self.looker.look(caller, id, false) {
            Ok(looked) => Ok(self.shown(looked)),
            // The provider is asked again by schedule.
            Err(problem) if problem.status >= 500 => Ok(payment.view(self.public_url())),
            Err(problem) => Err(problem),
        }
    }

    fn begin_refund(
        &self,
        caller: &Caller,
        payment: &PaymentRecord,
        new: NewPaymentRefund,
        key: Option<&UsedKey>,
    ) -> Answer<RefundRecord> {
        if payment.state != PaymentState::Succeeded {
            return Err(Problem::wrong_state(format!("payment {} has not succeeded", payment.id)));
        }
        let asked = AskedRefund { amount: new.amount.map(|amount| amount.0), reason: new.reason };
        let is_manual = payment.provider == PaymentProvider::Manual;
        if let (Some(amount), false) = (asked.amount, is_manual) {
            let minor_units = self.beginnings.minor_units(payment.provider)?;
            let fits = minor_units.to_minor(amount, payment.currency.0);
            fits.map_err(|error| Problem::field("amount", error.to_string()))?;
        }
        self.refunds.begin(caller, &payment.id, &asked, is_manual, |changes, id| note_key(changes, key, id))
    }

    fn refund(&self, payment: &str, id: &str) -> Answer<RefundRecord> {
        let found = documents::refund(self.context.store(), payment, id)?.map(|(_, refund)| refund);
        found.ok_or_else(|| Problem::internal("the refund is not in the books"))
    }

    fn used_key(
        caller: &Caller,
        key: &IdempotencyKey,
        what: &str,
        body: &impl serde::Serialize,
    ) -> Option<UsedKey> {
        let key = key.0.as_deref()?;
        let digest = |parts: [&[u8]; 3]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update(part);
                hash.update([0]);
            }
            hash.finalize()
        };
        let place = request_key(&hex::encode(digest([caller.id.as_bytes(), key.as_bytes(), b""])));
        let fingerprint = digest([what.as_bytes(), &to_json(body), b""]);
        let fingerprint = fingerprint.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
        Some(UsedKey { place, fingerprint })
    }

    /// The id of what an earlier request with the key made. Refused where that was another request.
    fn made_by(&self, caller: &Caller, key: Option<&UsedKey>) -> Answer<Option<String>> {
        let Some(key) = key else { return Ok(None) };
        let found = stored_document::<KeyRecord>(self.context.store(), PAYMENTS, &key.place)?;
        let Some((_, found)) = found else { return Ok(None) };
        if found.fingerprint != key.fingerprint {
            return Err(key_reused());
        }
        if let Some(keyed) = &caller.keyed {
            keyed.note_replayed();
        }
        Ok(Some(found.made))
    }
}

fn note_key(changes: &mut ChangeSet<'_>, key: Option<&UsedKey>, made: &str) {
    if let Some(key) = key {
        let record = KeyRecord { made: made.to_owned(), fingerprint: key.fingerprint };
        changes.document(PAYMENTS, key.place.as_bytes(), Expected::Absent, Some(&record));
    }
}
