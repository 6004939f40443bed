//! Charges over HTTP, their refunds, and quotes. A charge takes the path of a submit_sm, without a bind.

mod content;
mod fields;
pub mod quote;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::charges::{Charge, ChargesService, NewCharge, NewQuote, NewRefund, Quote, Refund};
use tollgate_api::dispatches::text_of;
use tollgate_api::extract::IdempotencyKey;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::user_sms_id::UserSmsId;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::clock::now;
use tollgate_storage::message_change::MessageChange;
use tollgate_storage::store::Store;

use super::cdrs::view::state_of;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::plain_text::check_lines;
use crate::problems::{outcome_unknown, unavailable};
use tollgate_engine::refusal::Refusal;
use tollgate_exports::cdr::{Names, network_of};
use tollgate_exports::sides::Sides;
use tollgate_relay::clients::{DirectSubmit, NotCharged, submit_directly};
use tollgate_relay::snapshot::ActiveAccount;

use content::{Content, ContentFields};
use fields::{check, times};

/// Characters of a reason.
const REASON_MAX: usize = 2_000;

/// Charges over HTTP, their refunds, and quotes.
#[derive(Debug)]
pub struct Charges {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
}

impl ChargesService for Charges {
    fn charge(&self, caller: &Caller, new: NewCharge, key: &IdempotencyKey) -> Answer<Charge> {
        let account = self.visibility.visible_account(caller, &new.account)?;
        check(&new)?;
        let fields = ContentFields {
            text: new.text.as_deref(),
            payload: new.payload.as_deref(),
            segments: None,
            data_coding: new.data_coding,
            udhi: new.udhi,
        };
        let content = Content::read(&fields, account.provisioned.account.default_coding)?;
        let (scheduled_at, expires_at) = times(&new, now())?;
        let (user_message_reference, user_sms_id) = match &new.user_sms_id {
            Some(UserSmsId::Number(number)) => (Some(*number), None),
            Some(UserSmsId::Text(text)) => (None, Some(text.as_str())),
            None => (None, None),
        };
        let message = DirectSubmit {
            from: &new.from,
            to: &new.to,
            octets: &content.octets,
            data_coding: content.data_coding,
            udhi: content.udhi,
            registered_delivery: new.registered_delivery,
            priority: new.priority,
            scheduled_at,
            expires_at,
            idempotency_key: key.0.as_deref().map(str::as_bytes),
            dispatch_id: new.dispatch_id.as_deref().map(str::as_bytes),
            user_message_reference,
            user_sms_id: user_sms_id.map(str::as_bytes),
        };
        let next_id = || self.store().commits().next_id().map_err(|error| unavailable(&error));
        let known_below = if key.0.is_some() { next_id()? } else { 0 };
        let limit = Duration::from_secs(self.context.settings.api.timeout_seconds.into());
        let submitted = submit_directly(Arc::clone(&self.context.core.clients), &account, &message, limit);
        let id = submitted.map_err(|error| match error {
            NotCharged::Refused(Refusal::InvalidSchedule) => Problem::field(
                "scheduled_at",
                "is later than a message may wait: max_validity_hours in tollgate.toml",
            ),
            NotCharged::Refused(refusal) => Problem::refused(refusal),
            NotCharged::InDoubt => outcome_unknown(),
        })?;
        // Ids count on, so that one from before this request is of an earlier use of its key.
        if let Some(keyed) = caller.keyed.as_ref().filter(|_| id < known_below) {
            keyed.note_replayed();
        }
        self.charge_view(caller, &account, id)
    }

    fn refund(
        &self,
        caller: &Caller,
        message: &str,
        refund: NewRefund,
        key: &IdempotencyKey,
    ) -> Answer<Refund> {
        check_lines("reason", &refund.reason, 1..=REASON_MAX)?;
        let found = self.lookup.message(caller, message)?;
        let (account, message_id) = (found.account, found.message_id);
        let state =
            self.store().messages().state(account, message_id).map_err(|error| unavailable(&error))?;
        let state = state.unwrap_or_default();
        let before = json!({ "state": state.state.name(), "refunded": Money(state.refunded) });
        let after = json!({ "account": found.named.id, "refunded": true, "reason": refund.reason });
        let mut changes = self.context.change(caller);
        changes
            .message(MessageChange::Refund { account, message_id })
            .note("charge.refund", format!("message/{message_id}"), &before, &after)
            .once(key.0.as_deref(), &format!("POST /v1/charges/{message_id}/refund {}", refund.reason));
        let changed = changes.commit()?;
        let refunded = changed.messages.first().copied();
        let refunded = refunded.ok_or_else(|| Problem::internal("the refund has no result"))?;
        Ok(Refund {
            message_id: message_id.to_string(),
            account: found.named.id,
            amount: Money(refunded.refunded),
            currency: CurrencyCode(found.named.currency),
            state: state_of(refunded.state),
            reason: refund.reason,
            at: Time(changed.at),
        })
    }

    fn quote(&self, caller: &Caller, new: &NewQuote) -> Answer<Quote> {
        self.visibility.visible_account(caller, &new.account)?;
        if new.route && !caller.reaches_all() {
            return Err(Problem::forbidden("your role may not see routes and the costs of operators"));
        }
        let viewer = self.lookup.viewer(caller, &self.lookup.names()?)?;
        quote::quote(&self.context.core, &viewer, new)
    }
}

impl Charges {
    /// Charges the accounts that are in force in `context`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    /// The charge as its CDR has it: the same for one that was made now and for one that was repeated.
    fn charge_view(&self, caller: &Caller, account: &ActiveAccount, message_id: u64) -> Answer<Charge> {
        let names = self.lookup.names()?;
        let viewer = self.lookup.viewer(caller, &names)?;
        let wallet = &account.runtime.wallet;
        let read = |cdr: &Cdr<'_>| {
            let sides = viewer.sides(cdr).unwrap_or_default();
            charge_view(&names, account, cdr, &sides)
        };
        let charge = self
            .store()
            .messages()
            .cdr(wallet.number(), message_id, read)
            .map_err(|error| unavailable(&error))?;
        charge.ok_or_else(|| Problem::internal("the charge is not in the books"))
    }
}

fn charge_view(names: &Names, account: &ActiveAccount, cdr: &Cdr<'_>, sides: &Sides) -> Charge {
    Charge {
        message_id: cdr.message_id.to_string(),
        account: account.provisioned.account.id.to_string(),
        destination: cdr.fields.destination.to_string(),
        price: sides.shows(cdr.account).then_some(Money(cdr.fields.amount)),
        currency: CurrencyCode(account.provisioned.account.currency),
        balance: MoneySum(account.runtime.wallet.state().balance),
        segments: cdr.fields.segments,
        network: network_of(names, cdr.fields.network, &cdr.fields.destination),
        tariff_version: names.tariff(cdr.header.tariff).to_string(),
        dispatch_id: cdr.fields.dispatch_id.map(text_of),
        user_sms_id: UserSmsId::of(cdr.fields.user_sms_id, cdr.fields.user_message_reference),
        submitted_at: Time(cdr.header.submitted_at),
    }
}
