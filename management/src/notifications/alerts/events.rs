//! The events of a new alert: that it was raised, and what it says of money by a type of its own.

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::events::data::WalletEventData;
use tollgate_api::events::types::EventType;

use super::record::AlertRecord;
use crate::change_set::ChangeSet;

/// Adds the events of a new alert to the change that raises it.
pub fn emit(change: &mut ChangeSet<'_>, id: &str, alert: &AlertRecord) {
    let account = alert.account.as_deref();
    let is_critical = alert.severity == AlertSeverity::Critical;
    let view = alert.view(id);
    let own = match alert.kind {
        AlertKind::LowBalance => {
            if let Some((balance, currency)) = alert.current_value.clone().zip(alert.currency) {
                let threshold = alert.threshold.clone();
                let data = WalletEventData { amount: None, balance, threshold, currency, reference: None };
                change.emit(EventType::WalletLow, account, &data);
            }
            None
        }
        AlertKind::CreditNearlyUsed => Some(EventType::WalletCreditNearlyUsed),
        AlertKind::PaymentDue if is_critical => Some(EventType::InvoiceOverdue),
        AlertKind::PaymentDue => Some(EventType::InvoiceDueSoon),
        AlertKind::SpendingCap => Some(EventType::CapReached),
        AlertKind::TrafficPumping if is_critical => Some(EventType::PumpingSteppedDown),
        AlertKind::TrafficPumping => Some(EventType::PumpingDetected),
        AlertKind::Overage
        | AlertKind::OperatorDown
        | AlertKind::ClockInDoubt
        | AlertKind::ChildrenRefused
        | AlertKind::BelowCost
        | AlertKind::AutoRecharge
        | AlertKind::PaymentDispute
        | AlertKind::PaymentContradiction
        | AlertKind::WebhookEndpoint => None,
    };
    if let Some(kind) = own {
        change.emit(kind, account, &view);
    }
    change.emit(EventType::AlertRaised, account, &view);
}
