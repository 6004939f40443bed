//! The one table of event types: name, family of data, description and what of the family's example differs.

use serde_json::{Value, json};

use super::data::EventFamily;

macro_rules! event_types {
    ($($variant:ident $name:literal $family:ident $description:literal $example:tt;)+) => {
        /// The types of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each has its description in the table")]
        pub enum EventType {
            $($variant,)+
        }

        impl EventType {
            /// All types, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The dotted name, such as `payment.succeeded`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The family of its data.
            pub fn family(self) -> EventFamily {
                match self {
                    $(Self::$variant => EventFamily::$family,)+
                }
            }

            /// A sentence that says when it happens.
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)+
                }
            }

            /// An example of its data.
            pub fn example(self) -> Value {
                let differs = match self {
                    $(Self::$variant => json!($example),)+
                };
                let mut example = family_example(self.family());
                if let (Value::Object(example), Value::Object(differs)) = (&mut example, differs) {
                    example.extend(differs);
                }
                example
            }
        }
    };
}

event_types! {
    PaymentCreated "payment.created" Payment "A payment was begun." {"state": "created"};
    PaymentRequiresAction "payment.requires_action" Payment
        "Whoever pays has to do something: enter a card, confirm at the bank, transfer the money." {"state": "requires_action"};
    PaymentProcessing "payment.processing" Payment "The provider is at it." {"state": "processing"};
    PaymentSucceeded "payment.succeeded" Payment "The money of a payment has come in." {"received": "50.00"};
    PaymentFailed "payment.failed" Payment "A try to pay was declined; another may still succeed."
        {"state": "failed", "failure": {"code": "insufficient_funds", "message": "Your card has insufficient funds."}};
    PaymentUnknown "payment.unknown" Payment "The provider gave no answer; it is asked again." {"state": "unknown"};
    PaymentCancelled "payment.cancelled" Payment "A payment was cancelled; nothing was paid." {"state": "cancelled"};
    PaymentRefundRequested "payment.refund_requested" PaymentRefund "Money of a payment is to go back." {"state": "pending"};
    PaymentRefunded "payment.refunded" PaymentRefund "Money of a payment has gone back." {};
    PaymentRefundFailed "payment.refund_failed" PaymentRefund "Money of a payment could not go back." {"state": "failed"};
    PaymentDisputed "payment.disputed" PaymentDispute "Whoever paid has disputed a payment." {};
    PaymentDisputeWon "payment.dispute_won" PaymentDispute "A dispute was decided for the house." {"state": "won"};
    PaymentDisputeLost "payment.dispute_lost" PaymentDispute
        "A dispute was decided for who paid; the amount was taken from the wallet." {"state": "lost"};
    AutoRechargeSucceeded "auto_recharge.succeeded" AutoRecharge "Auto-recharge has filled the wallet." {};
    AutoRechargeFailed "auto_recharge.failed" AutoRecharge "A charge of auto-recharge was declined; it is tried again later."
        {"declines": 1};
    AutoRechargeLimitReached "auto_recharge.limit_reached" AutoRecharge "The limit of the month leaves no room for a charge." {};
    AutoRechargeSwitchedOff "auto_recharge.switched_off" AutoRecharge
        "Auto-recharge was declined too often and has switched itself off." {"enabled": false, "declines": 4};
    SubscriptionStarted "subscription.started" Subscription "A subscription has begun, and its first period is paid." {};
    SubscriptionTrialStarted "subscription.trial_started" Subscription "A subscription has begun with a trial."
        {"status": "trialing"};
    SubscriptionTrialEnding "subscription.trial_ending" Subscription "A trial ends within three days." {"status": "trialing"};
    SubscriptionPending "subscription.pending" Subscription "A subscription waits for the payment of its first period."
        {"status": "pending"};
    SubscriptionRenewed "subscription.renewed" Subscription "A further period was paid for and has begun." {};
    SubscriptionPastDue "subscription.past_due" Subscription "A period could not be paid for; it is tried again by schedule."
        {"status": "past_due", "attempts": 1, "failure": "the balance does not cover it"};
    SubscriptionChanged "subscription.changed" Subscription "A subscription has moved to another plan." {"plan": "enterprise"};
    SubscriptionChangePlanned "subscription.change_planned" Subscription
        "A subscription moves to another plan at the end of its period, or no longer does." {"next_plan": "basic"};
    SubscriptionCancelPlanned "subscription.cancel_planned" Subscription "A subscription ends with its period."
        {"status": "ending"};
    SubscriptionResumed "subscription.resumed" Subscription "A cancellation was taken back." {};
    SubscriptionCancelled "subscription.cancelled" Subscription "A subscription was cancelled and is over." {"status": "cancelled"};
    SubscriptionExpired "subscription.expired" Subscription "A subscription is over, as nobody paid for it or it does not recur."
        {"status": "expired"};
    InvoiceDrafted "invoice.drafted" Invoice "An invoice was drafted."
        {"status": "draft", "invoice_number": null, "amount_due": null, "amount_open": null, "due_at": null,
            "pay_link": null};
    InvoiceSent "invoice.sent" Invoice "An invoice got its number and was sent." {};
    InvoicePartiallyPaid "invoice.partially_paid" Invoice "A part of an invoice was paid."
        {"amount_paid": "20.00", "amount_open": "99.00"};
    InvoicePaid "invoice.paid" Invoice "Nothing of an invoice is open any more."
        {"status": "paid", "amount_paid": "119.00", "amount_open": "0.00", "pay_link": null};
    InvoiceReopened "invoice.reopened" Invoice "Money of an invoice's payment went back, and more of it is open again."
        {"status": "overdue", "amount_paid": "20.00", "amount_open": "99.00"};
    InvoiceReminder "invoice.reminder" Invoice "Whoever owes an invoice was reminded of it." {"days_after_due": 7};
    InvoiceDueSoon "invoice.due_soon" Alert "An invoice is due within three days." {"type": "payment_due", "severity": "warning"};
    InvoiceOverdue "invoice.overdue" Alert "An invoice was not paid by its due date." {"type": "payment_due"};
    InvoiceCancelled "invoice.cancelled" Invoice "An invoice was cancelled." {"status": "cancelled", "pay_link": null};
    CreditNoteIssued "credit_note.issued" CreditNote "A part of a sent invoice was taken back." {};
    StatementIssued "statement.issued" Statement "A prepaid account got the statement of a period." {};
    WalletLow "wallet.low" Wallet "The balance is below the account's threshold." {"threshold": "50.00"};
    WalletEmpty "wallet.empty" Wallet "The balance is used up, and there is no credit."
        {"balance": "0.00", "threshold": "50.00"};
    WalletCreditNearlyUsed "wallet.credit_nearly_used" Alert "Most of the credit limit is used."
        {"type": "credit_nearly_used", "severity": "warning"};
    WalletToppedUp "wallet.topped_up" Wallet "Money was put into the wallet." {"amount": "50.00", "reference": "TG7K2M9QX4"};
    WalletAdjusted "wallet.adjusted" Wallet "The balance was corrected." {"amount": "-1.50", "reference": "ticket 4711"};
    WalletFunded "wallet.funded" Wallet "The level above has moved money into the wallet."
        {"amount": "10.00", "reference": "march"};
    WalletWithdrawn "wallet.withdrawn" Wallet "The level above has taken money out of the wallet."
        {"amount": "-10.00", "reference": "march"};
    BundleBought "bundle.bought" Bundle "A bundle was bought." {"bundle": null, "left": 1000, "price": "10.00"};
    BundleGranted "bundle.granted" Bundle "A bundle was given, without a price or with a subscription."
        {"bundle": null, "left": 1000, "price": "0.00"};
    BundleUsedUp "bundle.used_up" Bundle "No unit of a bundle is left." {"left": 0};
    BundleExpiring "bundle.expiring" Bundle "A bundle with units left ends within three days." {};
    BundleExpired "bundle.expired" Bundle "A bundle has ended with units left." {};
    BundleRolledOver "bundle.rolled_over" Bundle "The rest of a bundle goes over into the next period." {};
    CapReached "cap.reached" Alert "A message was beyond a cap of the account." {"type": "spending_cap"};
    PumpingDetected "pumping.detected" Alert "Traffic to a range of numbers looks pumped."
        {"type": "traffic_pumping", "severity": "warning"};
    PumpingSteppedDown "pumping.stepped_down" Alert "The rate of a range whose traffic looks pumped is stepped down."
        {"type": "traffic_pumping"};
    AccountSuspended "account.suspended" Account "An account was suspended." {"suspended": true};
    AccountResumed "account.resumed" Account "A suspended account goes on." {};
    AlertRaised "alert.raised" Alert "Any alert was raised; those with an event type of their own too." {};
    EndpointDisabled "webhook_endpoint.disabled" Endpoint "An endpoint has failed for days and is switched off."
        {"failing_since": "2026-11-21T08:00:00Z"};
    WebhookTest "webhook.test" Endpoint "Somebody asked for a test of an endpoint. It is posted to that one alone." {};
}

impl EventType {
    /// The type of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

fn family_example(family: EventFamily) -> Value {
    match family {
        EventFamily::Payment => json!({
            "payment": "pay_00063f1c2b4d5e00k3mqz", "provider": "stripe", "purpose": {"kind": "top_up"}, "amount": "50.00",
            "currency": "USD", "state": "succeeded", "received": null, "failure": null, "is_recharge": false,
        }),
        EventFamily::PaymentRefund => json!({
            "refund": "rfd_00063f1c2b4d5e00k3mqz", "payment": "pay_00063f1c2b4d5e00k3mqz", "amount": "20.00",
            "currency": "USD", "state": "succeeded", "reason": "not used",
        }),
        EventFamily::PaymentDispute => json!({
            "dispute": "dsp_00063f1c2b4d5e00k3mqz", "payment": "pay_00063f1c2b4d5e00k3mqz", "amount": "50.00",
            "currency": "USD", "state": "opened", "reason": "fraudulent",
        }),
        EventFamily::AutoRecharge => json!({
            "payment": "pay_00063f1c2b4d5e00k3mqz", "amount": "50.00", "threshold": "10.00", "currency": "USD",
            "enabled": true, "declines": 0,
        }),
        EventFamily::Subscription => json!({
            "subscription": "biz_test_001-1", "plan": "pro", "status": "active", "first_day": "2026-11-21",
            "last_day": "2026-12-20", "price": "29.00", "currency": "USD", "next_plan": null, "attempts": 0,
            "failure": null, "next_at": "2026-12-21T00:00:00Z",
        }),
        EventFamily::Invoice => json!({
            "invoice_number": "INV-2026-000001", "id": "inv_00063f1c2b4d5e00k3mqz", "status": "sent",
            "gross_amount": "119.00", "amount_due": "119.00", "amount_paid": "0.00", "amount_open": "119.00",
            "currency": "USD", "due_at": "2026-12-15T00:00:00Z", "days_after_due": null,
            "pay_link": "https://tollgate.example.com/pay/invoices/4hq8mzv1c5k7n2x9p3t6w0y8ra",
        }),
        EventFamily::CreditNote => json!({
            "credit_note_number": "CN-2026-000001", "invoice_number": "INV-2026-000001", "total_amount": "10.00",
            "tax_amount": "1.90", "currency": "USD", "reason": "messages that were not delivered",
        }),
        EventFamily::Statement => json!({
            "statement_number": "ST-2026-000001", "period_start": "2026-11-01T00:00:00Z",
            "period_end": "2026-12-01T00:00:00Z", "closing_balance": "12.34", "currency": "USD",
        }),
        EventFamily::Wallet => json!({
            "amount": null, "balance": "49.98", "threshold": null, "currency": "USD", "reference": null,
        }),
        EventFamily::Bundle => json!({
            "bundle": 3, "product": "kenya_1000", "units": 1000, "left": 120, "expires_at": "2026-12-21T00:00:00Z",
            "price": null,
        }),
        EventFamily::Account => json!({
            "account": "biz_test_001", "suspended": false, "by": "user:ann@example.com",
        }),
        EventFamily::Alert => json!({
            "id": "alr_00063f1c2b4d5e00k3mqz", "account": "biz_test_001", "type": "low_balance", "severity": "critical",
            "message": "A text for people", "subject": null, "threshold": null, "current_value": null,
            "currency": null, "raised_at": "2026-11-21T08:00:00Z", "cleared_at": null, "is_read": false,
        }),
        EventFamily::Endpoint => json!({ "endpoint": "whe_00063f1c2b4d5e00k3mqz", "failing_since": null }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::super::data::{
        AccountEventData, AutoRechargeEventData, BundleEventData, CreditNoteEventData, EndpointEventData,
        InvoiceEventData, PaymentDisputeEventData, PaymentEventData, PaymentRefundEventData,
        StatementEventData, SubscriptionEventData, WalletEventData,
    };
    use super::*;
    use crate::alerts::Alert;

    fn read<T: Serialize + DeserializeOwned>(example: &Value, name: &str) {
        let data: T =
            serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(data).unwrap(), *example, "{name}");
    }

    #[test]
    fn every_example_is_what_the_event_tells() {
        for kind in EventType::ALL {
            let (example, name) = (kind.example(), kind.name());
            match kind.family() {
                EventFamily::Payment => read::<PaymentEventData>(&example, name),
                EventFamily::PaymentRefund => read::<PaymentRefundEventData>(&example, name),
                EventFamily::PaymentDispute => read::<PaymentDisputeEventData>(&example, name),
                EventFamily::AutoRecharge => read::<AutoRechargeEventData>(&example, name),
                EventFamily::Subscription => read::<SubscriptionEventData>(&example, name),
                EventFamily::Invoice => read::<InvoiceEventData>(&example, name),
                EventFamily::CreditNote => read::<CreditNoteEventData>(&example, name),
                EventFamily::Statement => read::<StatementEventData>(&example, name),
                EventFamily::Wallet => read::<WalletEventData>(&example, name),
                EventFamily::Bundle => read::<BundleEventData>(&example, name),
                EventFamily::Account => read::<AccountEventData>(&example, name),
                EventFamily::Alert => read::<Alert>(&example, name),
                EventFamily::Endpoint => read::<EndpointEventData>(&example, name),
            }
        }
    }

    #[test]
    fn names_are_dotted_words_and_no_two_alike() {
        let names: BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), EventType::ALL.len());
        for kind in EventType::ALL {
            let (group, what) = kind.name().split_once('.').unwrap();
            for word in [group, what] {
                assert!(word.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'), "{word}");
            }
            assert_eq!(EventType::of(kind.name()), Some(*kind));
            assert!(kind.description().ends_with('.'), "{}", kind.description());
        }
        assert_eq!(EventType::of("payment"), None);
    }
}
