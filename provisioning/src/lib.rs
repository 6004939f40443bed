//! Definitions of accounts, plans, operators and links with their bounds and defaults, settings of the process,
//! and the readers of the files that hold them.
//!
//! [`load`] reads all files anew and returns either a whole configuration or every mistake in every file,
//! each with file, line and key; it does not stop at the first one. It does not look at the environment,
//! opens no socket and writes nothing; the clock tells it which prices are still to come.

mod accounts;
mod accounts_reader;
mod api;
mod archive;
mod archived;
mod archived_catalogue;
mod archived_kind;
mod archived_lines;
mod archived_plans;
mod archived_sources;
mod archived_terms;
mod below_cost;
pub mod bounds;
mod bundle_products;
mod caps;
mod catalogue;
mod chains;
mod change_lines;
mod changes;
mod choice;
mod delivery;
mod exchange;
pub mod import;
mod issuer;
mod load;
mod names;
mod operator_changes;
mod operator_smpp_reader;
mod operators;
mod operators_reader;
pub mod overrides;
pub mod passwords;
mod payments;
mod places;
mod plans;
mod price_lists;
mod provisioning;
mod published;
mod pumping;
mod rate_list;
mod rate_rows;
mod rates;
mod read;
mod receipt_ids;
mod receipt_states;
mod resale;
mod routing;
mod secret;
mod secrets;
mod settings;
mod settings_reader;
mod traffic_scopes;
mod webhooks;

pub use accounts::{Contact, ProvisionedAccount, check_opening_balance};
pub use api::{ApiSettings, BillingSettings, MailSettings, SmtpTls};
pub use archive::{ArchivedFile, version_of};
pub use archived::ArchivedTariff;
pub use archived_catalogue::ArchivedCatalogue;
pub use archived_kind::ArchivedKind;
pub use archived_plans::archived_plans;
pub use archived_terms::ArchivedTerms;
pub use below_cost::{BelowCostFault, BundleBelowCost, below_cost, bundle_below_cost, list_prices};
pub use bundle_products::{BundleProduct, LateRefunds, Rollover, Validity, check_product, other_currency};
pub use caps::{CapFault, check_cap, check_caps};
pub use chains::{ChainFault, Chains, chain_faults, give_price_lists};
pub use choice::Choice;
pub use delivery::{DeliverySettings, UnknownPolicy};
pub use exchange::{WrittenExchangeRate, read_written_exchange_rates};
pub use issuer::IssuerSettings;
pub use load::{Loaded, load, load_with};
pub use operators::{
    InterfaceVersion, LongMessages, NumberFormat, NumberStyle, OperatorBind, OperatorSmpp, OperatorTls,
    ProvisionedOperator,
};
pub use payments::{PayPalSettings, PaymentsSettings, StripeSettings, SuspendOnDispute};
pub use places::{AccountPlaces, Place, Places};
pub use provisioning::{Deliveries, Provisioning};
pub use published::{
    gateway_addresses, is_loopback, is_published_account, is_published_password, is_published_user,
    published_accounts, published_accounts_at,
};
pub use rate_list::{RateError, RateList, check_rate};
pub use rate_rows::{PriceFileKind, WrittenRate, read_written_prices, read_written_rates};
pub use rates::EVERY_PLAN;
pub use read::texts;
pub use read::{Overlay, Problem, Problems};
pub use receipt_ids::Smpp33ReceiptIds;
pub use receipt_states::ReceiptStates;
pub use resale::{
    BelowCost, CommissionBase, ProvisionedPriceList, Resale, check_mark_up, check_price_list, commission,
    commission_of, mark_up_percent,
};
pub use routing::RoutingSettings;
pub use secret::Secret;
pub use secrets::{SealKey, SecretsSettings, seal_keys};
pub use settings::{
    AnchorMode, Durability, HttpSettings, LogFormat, LogLevel, LogSettings, MetricsSettings, OperatorFiles,
    Settings, SmppSettings, StorageSettings, TariffFiles, TlvTags,
};
pub use traffic_scopes::{ScopeLists, country_of, network_of, prefix};
pub use webhooks::WebhookSettings;
