//! The kinds of things that streams tell changes of. Who hears of one is decided by the rule of the operation that shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the topics, each with the operation that shows what has changed.
macro_rules! topics {
    ($(#[doc = $text:literal] $name:ident = $operation:literal;)+) => {
        /// A kind of things that change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Topic {
            $(#[doc = $text] $name,)+
        }

        impl Topic {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The `operationId` of what shows the things that change.
            pub(crate) fn operation(self) -> &'static str {
                match self {
                    $(Self::$name => $operation,)+
                }
            }
        }
    };
}

topics! {
    /// Accounts, by id.
    Accounts = "list_accounts";
    /// Ledgers, by the account's id: what is posted beside messages. The balance itself is among the live figures.
    Wallets = "list_transactions";
    /// Alerts, by id.
    Alerts = "list_alerts";
    /// Users, by id.
    Users = "list_users";
    /// API keys, by id.
    ApiKeys = "list_api_keys";
    /// Operators, by code.
    Operators = "list_operators";
    /// Open binds, by the account's id.
    Binds = "list_binds";
    /// The tariff in force, by version.
    Tariff = "list_plans";
    /// Uploaded price lists, by id.
    Imports = "list_imports";
    /// Price lists of resellers, by name.
    PriceLists = "list_price_lists";
    /// Bundle products, by name.
    BundleProducts = "list_bundle_products";
    /// Subscription plans, by name.
    SubscriptionPlans = "list_subscription_plans";
    /// Subscriptions, by the account's id.
    Subscriptions = "list_subscriptions";
    /// Sender IDs, by id.
    SenderIds = "list_nicknames";
    /// Templates, by id.
    Templates = "list_templates";
    /// Sender IDs and templates that somebody decides about, by id.
    Moderation = "moderate_nickname";
    /// Dispatches, by the account's id.
    Dispatches = "list_dispatches";
    /// Invoices, by number.
    Invoices = "list_invoices";
    /// Credit notes, by number.
    CreditNotes = "list_credit_notes";
    /// Statements, by number.
    Statements = "list_statements";
    /// Payments, by id.
    Payments = "list_payments";
    /// Findings of traffic pumping, by id.
    PumpingFindings = "list_pumping_findings";
}

impl Topic {
    /// The topic that has this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_its_name() {
        assert_eq!(Topic::named("credit_notes"), Some(Topic::CreditNotes));
        assert_eq!(Topic::named("CreditNotes"), None);
        for topic in Topic::ALL {
            let name = serde_json::to_value(topic).unwrap();
            assert_eq!(Topic::named(name.as_str().unwrap()), Some(*topic));
        }
    }
}
