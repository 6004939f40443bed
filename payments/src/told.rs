//! The events that tell of payments, refunds, disputes and auto-recharge: which one follows from a change, and its data.

use tollgate_api::events::data::{
    AutoRechargeEventData, PaymentDisputeEventData, PaymentEventData, PaymentRefundEventData,
};
use tollgate_api::events::types::EventType;
use tollgate_api::money::CurrencyCode;
use tollgate_api::payments::{DisputeState, PaymentRefundState, PaymentState};
use tollgate_api::recharges::RechargeStop;

use crate::recharge_record::RechargeRecord;
use crate::record::{DisputeRecord, PaymentRecord, RefundRecord};

/// The event of what is new in a state or has come to another.
fn entered<S: Copy + PartialEq>(
    before: Option<S>,
    after: S,
    event: impl FnOnce(S) -> EventType,
) -> Option<EventType> {
    (before != Some(after)).then(|| event(after))
}

/// The event of a payment that is new or in another state.
pub fn of_payment(
    before: Option<&PaymentRecord>,
    after: &PaymentRecord,
) -> Option<(EventType, PaymentEventData)> {
    let kind = entered(before.map(|before| before.state), after.state, |state| match state {
        PaymentState::Created => EventType::PaymentCreated,
        PaymentState::RequiresAction => EventType::PaymentRequiresAction,
        PaymentState::Processing => EventType::PaymentProcessing,
        PaymentState::Succeeded => EventType::PaymentSucceeded,
        PaymentState::Failed => EventType::PaymentFailed,
        PaymentState::Unknown => EventType::PaymentUnknown,
        PaymentState::Cancelled => EventType::PaymentCancelled,
    })?;
    let data = PaymentEventData {
        payment: after.id.clone(),
        provider: after.provider,
        purpose: after.purpose.clone(),
        amount: after.amount,
        currency: after.currency,
        state: after.state,
        received: after.received,
        failure: after.failure.clone(),
        is_recharge: after.is_recharge,
    };
    Some((kind, data))
}

/// The event of a refund that is new or in another state.
pub fn of_refund(
    before: Option<&RefundRecord>,
    after: &RefundRecord,
) -> Option<(EventType, PaymentRefundEventData)> {
    let kind = entered(before.map(|before| before.state), after.state, |state| match state {
        PaymentRefundState::Pending => EventType::PaymentRefundRequested,
        PaymentRefundState::Succeeded => EventType::PaymentRefunded,
        PaymentRefundState::Failed => EventType::PaymentRefundFailed,
    })?;
    let data = PaymentRefundEventData {
        refund: after.id.clone(),
        payment: after.payment.clone(),
        amount: after.amount,
        currency: after.currency,
        state: after.state,
        reason: after.reason.clone(),
    };
    Some((kind, data))
}

/// The event of a dispute that is new or in another state.
pub fn of_dispute(
    before: Option<&DisputeRecord>,
    after: &DisputeRecord,
) -> Option<(EventType, PaymentDisputeEventData)> {
    let kind = entered(before.map(|before| before.state), after.state, |state| match state {
        DisputeState::Opened => EventType::PaymentDisputed,
        DisputeState::Won => EventType::PaymentDisputeWon,
        DisputeState::Lost => EventType::PaymentDisputeLost,
    })?;
    let data = PaymentDisputeEventData {
        dispute: after.id.clone(),
        payment: after.payment.clone(),
        amount: after.amount,
        currency: after.currency,
        state: after.state,
        reason: after.reason.clone(),
    };
    Some((kind, data))
}

/// The event of auto-recharge whose charge has come to its end, or that has stopped by itself.
pub fn of_recharge(
    before: &RechargeRecord,
    after: &RechargeRecord,
    currency: CurrencyCode,
) -> Option<(EventType, AutoRechargeEventData)> {
    let has_stopped = before.stopped_by != after.stopped_by;
    let kind = if before.current.is_some() && after.current.is_none() {
        if after.declines > before.declines {
            EventType::AutoRechargeFailed
        } else {
            EventType::AutoRechargeSucceeded
        }
    } else {
        match after.stopped_by.filter(|_| has_stopped)? {
            RechargeStop::LimitReached => EventType::AutoRechargeLimitReached,
            RechargeStop::SwitchedOff => EventType::AutoRechargeSwitchedOff,
            RechargeStop::Declined => return None,
        }
    };
    let data = AutoRechargeEventData {
        payment: after.last_payment.clone(),
        amount: after.amount,
        threshold: after.threshold,
        currency,
        enabled: after.is_enabled,
        declines: after.declines,
    };
    Some((kind, data))
}

#[cfg(test)]
mod tests {
    use tollgate_api::time::Time;

    use super::*;

    fn recharge() -> RechargeRecord {
        RechargeRecord {
            is_enabled: true,
            threshold: "10".parse().map(tollgate_api::money::Money).unwrap(),
            amount: "50".parse().map(tollgate_api::money::Money).unwrap(),
            monthly_limit: None,
            payment_method: "pm_1".to_owned(),
            set_by: String::new(),
            is_asked: true,
            used_from: Time::default(),
            current: Some("pay_1".to_owned()),
            last_payment: Some("pay_1".to_owned()),
            month: String::new(),
            charged: tollgate_api::money::Money::default(),
            declines: 0,
            declined_at: Time::default(),
            stopped_by: None,
            next_try_at: None,
        }
    }

    #[test]
    fn auto_recharge_tells_of_the_end_of_a_charge_and_of_its_own() {
        let currency = CurrencyCode(tollgate_engine::money::Currency::new("USD").unwrap());
        let told = |before: &RechargeRecord, after: &RechargeRecord| {
            of_recharge(before, after, currency).map(|(kind, _)| kind.name())
        };
        let charging = recharge();
        let paid = RechargeRecord { current: None, ..charging.clone() };
        assert_eq!(told(&charging, &paid), Some("auto_recharge.succeeded"));
        let declined =
            RechargeRecord { declines: 1, stopped_by: Some(RechargeStop::Declined), ..paid.clone() };
        assert_eq!(told(&charging, &declined), Some("auto_recharge.failed"));
        assert_eq!(told(&declined, &declined.clone().switched_off()), Some("auto_recharge.switched_off"));
        let full = RechargeRecord { stopped_by: Some(RechargeStop::LimitReached), ..paid.clone() };
        assert_eq!(told(&paid, &full), Some("auto_recharge.limit_reached"));
        assert_eq!(told(&full, &full), None);
        assert_eq!(told(&paid, &charging), None, "a charge that begins is a payment");
    }
}
