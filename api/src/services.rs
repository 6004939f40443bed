//! The services behind the API, one for each area, which `management` implements.
//!
//! Their functions may wait for the disk and are called on threads that may ([`crate::call`]). Each is told
//! who calls, and returns and changes only what this caller may see; anything else is answered as not found.

use std::fmt;
use std::sync::Arc;

use crate::accounts::AccountsService;
use crate::ageing::AgeingService;
use crate::alerts::AlertsService;
use crate::audit::AuditService;
use crate::auth::AuthService;
use crate::authentication::AuthenticationService;
use crate::binds::BindsService;
use crate::bundle_products::BundleProductsService;
use crate::bundles::BundlesService;
use crate::caps::CapsService;
use crate::cdrs::CdrsService;
use crate::charges::ChargesService;
use crate::clock::ClockService;
use crate::credit_notes::CreditNotesService;
use crate::dispatches::DispatchesService;
use crate::events::EventsService;
use crate::exchange_rates::ExchangeRatesService;
use crate::existing_clients::ExistingClientsService;
use crate::idempotency::IdempotencyService;
use crate::imports::ImportsService;
use crate::invoice_documents::DocumentsService;
use crate::invoice_terms::InvoiceTermsService;
use crate::invoices::InvoicesService;
use crate::keys::KeysService;
use crate::mails::MailsService;
use crate::messages::MessagesService;
use crate::operators::OperatorsService;
use crate::pay_pages::PayPagesService;
use crate::payments::PaymentsService;
use crate::plans::PlansService;
use crate::price_lists::PriceListsService;
use crate::pumping::PumpingService;
use crate::rate_cards::RateCardsService;
use crate::recharges::RechargesService;
use crate::reference::ReferenceService;
use crate::resales::ResalesService;
use crate::saas_clients::SaasClientsService;
use crate::sender_ids::SenderIdsService;
use crate::series::SeriesService;
use crate::session::SessionService;
use crate::statements::StatementsService;
use crate::stream::StreamService;
use crate::subscription_plans::SubscriptionPlansService;
use crate::subscriptions::SubscriptionsService;
use crate::tariffs::TariffsService;
use crate::templates::TemplatesService;
use crate::token_clients::TokenClientsService;
use crate::transfers::TransfersService;
use crate::usage::UsageService;
use crate::users::UsersService;
use crate::wallets::WalletsService;
use crate::webhook_endpoints::WebhookEndpointsService;

/// The service of each area. A handler gets that of its own area, and no other.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is named after its area, whose module describes it")]
pub struct Services {
    pub authentication: Arc<dyn AuthenticationService>,
    pub idempotency: Arc<dyn IdempotencyService>,
    pub accounts: Arc<dyn AccountsService>,
    pub wallets: Arc<dyn WalletsService>,
    pub transfers: Arc<dyn TransfersService>,
    pub bundles: Arc<dyn BundlesService>,
    pub subscriptions: Arc<dyn SubscriptionsService>,
    pub caps: Arc<dyn CapsService>,
    pub resales: Arc<dyn ResalesService>,
    pub charges: Arc<dyn ChargesService>,
    pub cdrs: Arc<dyn CdrsService>,
    pub messages: Arc<dyn MessagesService>,
    pub dispatches: Arc<dyn DispatchesService>,
    pub usage: Arc<dyn UsageService>,
    pub series: Arc<dyn SeriesService>,
    pub invoices: Arc<dyn InvoicesService>,
    pub invoice_terms: Arc<dyn InvoiceTermsService>,
    pub credit_notes: Arc<dyn CreditNotesService>,
    pub invoice_documents: Arc<dyn DocumentsService>,
    pub statements: Arc<dyn StatementsService>,
    pub ageing: Arc<dyn AgeingService>,
    pub payments: Arc<dyn PaymentsService>,
    pub recharges: Arc<dyn RechargesService>,
    pub pay_pages: Arc<dyn PayPagesService>,
    pub alerts: Arc<dyn AlertsService>,
    pub events: Arc<dyn EventsService>,
    pub webhook_endpoints: Arc<dyn WebhookEndpointsService>,
    pub mails: Arc<dyn MailsService>,
    pub pumping: Arc<dyn PumpingService>,
    pub auth: Arc<dyn AuthService>,
    pub session: Arc<dyn SessionService>,
    pub users: Arc<dyn UsersService>,
    pub keys: Arc<dyn KeysService>,
    pub audit: Arc<dyn AuditService>,
    pub sender_ids: Arc<dyn SenderIdsService>,
    pub templates: Arc<dyn TemplatesService>,
    pub operators: Arc<dyn OperatorsService>,
    pub plans: Arc<dyn PlansService>,
    pub price_lists: Arc<dyn PriceListsService>,
    pub bundle_products: Arc<dyn BundleProductsService>,
    pub subscription_plans: Arc<dyn SubscriptionPlansService>,
    pub rate_cards: Arc<dyn RateCardsService>,
    pub exchange_rates: Arc<dyn ExchangeRatesService>,
    pub tariffs: Arc<dyn TariffsService>,
    pub reference: Arc<dyn ReferenceService>,
    pub imports: Arc<dyn ImportsService>,
    pub clock: Arc<dyn ClockService>,
    pub binds: Arc<dyn BindsService>,
    pub stream: Arc<dyn StreamService>,
    pub existing_clients: Arc<dyn ExistingClientsService>,
    pub token_clients: Arc<dyn TokenClientsService>,
    pub saas_clients: Arc<dyn SaasClientsService>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
