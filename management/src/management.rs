//! All services, wired to each other, and the work behind them.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tollgate_api::services::Services;
use tollgate_existing_clients::{SaasClients, TokenClients};
use tollgate_provisioning::{Settings, is_loopback, is_published_account};
use tollgate_relay::core::Core;
use tollgate_storage::clock::SystemClock;
use tollgate_storage::store::Unavailable;

use crate::account_facts::AccountFactsKeeper;
use crate::accounts::Accounts;
use crate::accounts::record::AccountRecord;
use crate::audit::AuditLog;
use crate::background::Background;
use crate::billing::bundles::{BundleExpiry, Bundles};
use crate::billing::caps::Caps;
use crate::billing::invoices::Invoices;
use crate::billing::invoices::reminders::Reminders;
use crate::billing::invoices::settlement::InvoiceSettlement;
use crate::billing::resales::Resales;
use crate::billing::schedule;
use crate::billing::usage::UsageReports;
use crate::billing::wallets::Wallets;
use crate::binds::Binds;
use crate::clock::ClockControl;
use crate::collections::{ACCOUNTS, ALERTS, PUMPING_FINDINGS};
use crate::content::{SenderIds, Templates};
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::events::{EventBooks, Events, FanOut, Mails, Retention, WebhookEndpoints};
use crate::existing_clients::{AnsweringServices, ExistingClients};
use crate::identity::api_keys::ApiKeys;
use crate::identity::authentication::Authentication;
use crate::identity::browser_login::BrowserLogin;
use crate::identity::browser_sessions::BrowserSessions;
use crate::identity::directory::UserDirectory;
use crate::identity::login::LoginService;
use crate::identity::mail_limit::MailLimit;
use crate::identity::password_reset::PasswordResets;
use crate::identity::passwords::Passwords;
use crate::identity::published_users;
use crate::identity::registration::Registrations;
use crate::identity::sessions::Sessions;
use crate::identity::users::Users;
use crate::identity::visibility::Visibility;
use crate::jobs::{JobHandler, JobQueue, Workers};
use crate::kept_answers::KeptAnswers;
use crate::live::LiveFeed;
use crate::messaging::cdrs::Cdrs;
use crate::messaging::charges::Charges;
use crate::messaging::dispatches::Dispatches;
use crate::messaging::lookup::Lookup;
use crate::messaging::search::Messages;
use crate::notifications::alerts::Alerts;
use crate::notifications::alerts::record::AlertRecord;
use crate::notifications::alerts::watch::AlertWatch;
use crate::notifications::email::EmailSender;
use crate::notifications::webhooks::Webhooks;
use crate::operators::Operators;
use crate::payments::settlement::Settlements;
use crate::payments::{Ground, MoneyIn, PaymentSchedule};
use crate::pumping::Pumping;
use crate::pumping::record::FindingRecord;
use crate::pumping::watch::PumpingWatch;
use crate::reference::Reference;
use crate::resale::bundle_products::BundleProducts;
use crate::resale::price_lists::PriceLists;
use crate::resale::transfers::Transfers;
use crate::resealing;
use crate::series::TimeSeries;
use crate::subscriptions::books::SubscriptionBooks;
use crate::subscriptions::settlement::SubscriptionSettlement;
use crate::subscriptions::{SubscriptionPlans, Subscriptions};
use crate::tariffs::Tariffs;
use crate::tariffs::edits::TariffEdits;
use crate::tariffs::exchange_rates::TariffExchangeRates;
use crate::tariffs::imports::Imports;
use crate::tariffs::plans::Plans;
use crate::tariffs::rate_cards::RateCards;

/// Everything that handlers of the API ask, and that is done behind their requests.
pub struct Management {
    services: Services,
    invoices: Arc<Invoices>,
    subscriptions: Arc<Subscriptions>,
    account_facts: Arc<AccountFactsKeeper>,
    payments: Arc<PaymentSchedule>,
    jobs: Arc<JobQueue>,
    directory: Arc<UserDirectory>,
    /// The only strong reference: workers hold weak ones, so that they end with the services.
    background: Arc<dyn JobHandler>,
    live: Arc<LiveFeed>,
    shared: SharedState,
}

/// The state that services share.
struct SharedState {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
    accounts: Arc<DocumentCache<AccountRecord>>,
    alerts: Arc<DocumentCache<AlertRecord>>,
    findings: Arc<DocumentCache<FindingRecord>>,
}

/// The services of identity, and the handler of jobs, which most of them leave jobs for.
struct Identity {
    authentication: Arc<Authentication>,
    login: Arc<LoginService>,
    browser_login: BrowserLogin,
    users: Arc<Users>,
    api_keys: Arc<ApiKeys>,
    directory: Arc<UserDirectory>,
    browsers: Arc<BrowserSessions>,
    background: Arc<dyn JobHandler>,
}

impl std::fmt::Debug for Management {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Management").finish_non_exhaustive()
    }
}

impl Management {
    /// Over the books and what is in force, which `config` is the `tollgate.toml` of.
    pub fn open(core: Arc<Core>, settings: &Settings, config: &Path) -> Result<Self, Unavailable> {
        let context = Arc::new(Context::new(core, settings.clone()));
        resealing::bring_up_to_date(&context)?;
        let shared = SharedState::load(context)?;
        let account_facts = AccountFactsKeeper::open(Arc::clone(&shared.context), &shared.accounts)?;
        let (of, visible) = (|| Arc::clone(&shared.context), || Arc::clone(&shared.visibility));
        let records = || Arc::clone(&shared.accounts);
        let jobs = Arc::new(JobQueue::open(of())?);
        let webhooks = Arc::new(Webhooks::new(of()));
        let events =
            EventBooks::open(of(), visible(), Arc::clone(&shared.alerts), Arc::clone(&jobs)).map(Arc::new)?;
        let alerts =
            Arc::new(Alerts::new(of(), visible(), Arc::clone(&shared.alerts), Arc::clone(&webhooks)));
        let lookup = Arc::clone(&shared.lookup);
        let cdrs = Arc::new(Cdrs::new(of(), visible(), Arc::clone(&lookup)));
        let edits = Arc::new(TariffEdits::new(of(), config.to_owned()));
        let operators = Arc::new(Operators::open(of())?);
        let accounts = Arc::new(Accounts::new(of(), visible(), records(), Arc::clone(&lookup)));
        let products = Arc::new(BundleProducts::open(of(), visible())?);
        let bundles = Arc::new(Bundles::new(of(), visible(), Arc::clone(&products)));
        let selling = Selling::open(&shared, (&accounts, &products, &bundles), &jobs)?;
        let Selling { invoices, subscription_plans, subscriptions, money_in } = selling;
        let answering = answering(&shared, (accounts, &invoices), &edits, &alerts, &money_in);
        let token_clients = token_clients(&subscription_plans, &subscriptions, &bundles, &money_in);
        let identity = identity(&shared, (&jobs, &events), webhooks, Arc::clone(&answering.accounts))?;
        let saas_clients = saas_clients(&identity, &subscription_plans, &subscriptions, &invoices, &money_in);
        let wallets = Arc::clone(&answering.wallets);
        let live = Arc::new(LiveFeed::new(of(), visible(), Arc::clone(&identity.browsers), wallets));
        let services = Services {
            authentication: identity.authentication,
            idempotency: Arc::new(KeptAnswers::new(of())),
            accounts: Arc::clone(&answering.accounts) as _,
            transfers: Arc::new(Transfers::new(of(), visible())),
            wallets: Arc::clone(&answering.wallets) as _,
            bundles,
            subscriptions: Arc::clone(&subscriptions) as _,
            caps: Arc::new(Caps::new(visible())),
            resales: Arc::new(Resales::new(of(), visible(), Arc::clone(&lookup))),
            charges: Arc::new(Charges::new(of(), visible(), Arc::clone(&lookup))),
            messages: Arc::new(Messages::new(of(), visible(), Arc::clone(&lookup))),
            dispatches: Arc::new(Dispatches::new(of(), visible(), Arc::clone(&lookup), Arc::clone(&cdrs))),
            cdrs,
            usage: Arc::clone(&answering.usage) as _,
            series: Arc::new(TimeSeries::new(of(), visible(), lookup)),
            invoices: Arc::clone(&invoices) as _,
            invoice_terms: Arc::clone(invoices.terms()) as _,
            credit_notes: Arc::clone(&invoices) as _,
            invoice_documents: Arc::clone(&invoices) as _,
            statements: Arc::clone(&invoices) as _,
            ageing: Arc::clone(&invoices) as _,
            payments: money_in.payments,
            recharges: money_in.recharges,
            pay_pages: money_in.pages,
            alerts,
            events: Arc::new(Events::new(Arc::clone(&events))),
            webhook_endpoints: Arc::new(WebhookEndpoints::new(Arc::clone(&events))),
            mails: Arc::new(Mails::new(events)),
            pumping: Arc::new(Pumping::new(of(), visible(), Arc::clone(&shared.findings))),
            auth: identity.login,
            session: Arc::new(identity.browser_login),
            users: identity.users,
            keys: identity.api_keys,
            audit: Arc::new(AuditLog::new(of())),
            sender_ids: Arc::new(SenderIds::load(of(), visible())?),
            templates: Arc::new(Templates::load(of(), visible())?),
            operators: Arc::clone(&operators) as _,
            plans: Arc::clone(&answering.plans) as _,
            price_lists: Arc::new(PriceLists::open(of(), visible())?),
            bundle_products: products,
            subscription_plans,
            rate_cards: Arc::clone(&answering.rate_cards) as _,
            imports: Arc::new(Imports::open(of(), Arc::clone(&edits), Arc::clone(&operators))?),
            exchange_rates: Arc::new(TariffExchangeRates::new(of(), Arc::clone(&edits))),
            tariffs: Arc::new(Tariffs::new(of(), edits)),
            reference: Arc::new(Reference(of())),
            clock: Arc::new(ClockControl::new(of())),
            binds: Arc::new(Binds::new(of(), visible())),
            stream: Arc::clone(&live) as _,
            token_clients: Arc::new(token_clients),
            saas_clients: Arc::new(saas_clients),
            existing_clients: Arc::new(ExistingClients::new(of(), visible(), answering)),
        };
        let account_facts = Arc::new(account_facts);
        let (background, directory, payments) = (identity.background, identity.directory, money_in.schedule);
        Ok(Self {
            services,
            invoices,
            subscriptions,
            account_facts,
            payments,
            jobs,
            directory,
            background,
            live,
            shared,
        })
    }

    /// One service for each area of the API.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Refuses to serve other machines while a user has a password that anybody can read in the documents.
    pub fn refuse_published_users(&self, listen: SocketAddr) -> Result<(), String> {
        published_users::refuse(&self.directory.users, &self.shared.context.settings, listen)
    }

    /// Says which account of the API has a password of the samples, while gateways of other machines reach one of these
    /// addresses. It is served all the same, as it was before.
    pub fn warn_of_published_accounts(&self, listening: &[SocketAddr]) {
        let Some(listen) = listening.iter().find(|address| !is_loopback(**address)) else { return };
        let accounts = self.shared.accounts.all();
        for account in &accounts {
            let hash = account.value.password_hash.parse();
            if hash.is_ok_and(|hash| is_published_account(&account.key, &hash, accounts.len())) {
                tracing::warn!(
                    account = account.key,
                    %listen,
                    "an account has a password that is published with the samples, and other machines reach it; rotate it"
                );
            }
        }
    }

    /// Starts the threads that do the jobs behind requests.
    pub fn start_workers(&self) -> std::io::Result<Workers> {
        Workers::start(&self.jobs, &self.background)
    }

    /// The schedule of alerts and billing, to be run as long as the process lives.
    pub fn schedule(&self) -> impl Future<Output = ()> + Send + use<> {
        let SharedState { context, accounts, alerts, findings, .. } = &self.shared;
        let (of, jobs) = (|| Arc::clone(context), || Arc::clone(&self.jobs));
        let pumping = PumpingWatch::begin(of(), Arc::clone(findings), Arc::clone(alerts), jobs());
        let watch = AlertWatch::begin(of(), Arc::clone(accounts), Arc::clone(alerts), jobs(), pumping);
        let bundles = BundleExpiry::new(Arc::clone(context));
        let (subscriptions, payments) = (Arc::clone(&self.subscriptions), Arc::clone(&self.payments));
        let account_facts = Arc::clone(&self.account_facts);
        let invoices = (Arc::clone(&self.invoices), Reminders::new(Arc::clone(&self.invoices), jobs()));
        let billing = schedule::keep(watch, bundles, subscriptions, invoices, account_facts);
        let live = tollgate_api::stream::keep(Arc::clone(&self.live) as _);
        async move {
            tokio::join!(billing, payments.keep(), live);
        }
    }

    /// Ends the reading of long periods early, and the streams, because the process stops.
    pub fn end_long_answers(&self) {
        self.invoices.stop();
        self.shared.context.hub.close();
    }
}

impl SharedState {
    fn load(context: Arc<Context>) -> Result<Self, Unavailable> {
        let accounts = Arc::new(DocumentCache::load(context.store(), ACCOUNTS)?);
        let alerts = Arc::new(DocumentCache::load(context.store(), ALERTS)?);
        let visibility = Arc::new(Visibility::new(Arc::clone(&context), Arc::clone(&accounts)));
        let findings = Arc::new(DocumentCache::load(context.store(), PUMPING_FINDINGS)?);
        let lookup = Arc::new(Lookup::new(Arc::clone(&context), Arc::clone(&visibility)));
        Ok(Self { context, visibility, lookup, accounts, alerts, findings })
    }
}

/// The paths of the token-subscription service.
fn token_clients(
    plans: &Arc<SubscriptionPlans>,
    subscriptions: &Arc<Subscriptions>,
    bundles: &Arc<Bundles>,
    money_in: &MoneyIn,
) -> TokenClients {
    TokenClients::new(
        Arc::clone(plans) as _,
        Arc::clone(subscriptions) as _,
        Arc::clone(bundles) as _,
        Arc::clone(&money_in.payments) as _,
        money_in.providers.configured(),
    )
}

/// The paths of the SaaS billing service.
fn saas_clients(
    identity: &Identity,
    plans: &Arc<SubscriptionPlans>,
    subscriptions: &Arc<Subscriptions>,
    invoices: &Arc<Invoices>,
    money_in: &MoneyIn,
) -> SaasClients {
    SaasClients {
        auth: Arc::clone(&identity.login) as _,
        plans: Arc::clone(plans) as _,
        subscriptions: Arc::clone(subscriptions) as _,
        invoices: Arc::clone(invoices) as _,
        payments: Arc::clone(&money_in.payments) as _,
    }
}

/// The services of what is sold by and by, and of the money that comes in for it.
struct Selling {
    invoices: Arc<Invoices>,
    subscription_plans: Arc<SubscriptionPlans>,
    subscriptions: Arc<Subscriptions>,
    money_in: MoneyIn,
}

impl Selling {
    fn open(
        shared: &SharedState,
        (accounts, products, bundles): (&Arc<Accounts>, &Arc<BundleProducts>, &Arc<Bundles>),
        jobs: &Arc<JobQueue>,
    ) -> Result<Self, Unavailable> {
        let (of, visible) = (|| Arc::clone(&shared.context), || Arc::clone(&shared.visibility));
        let invoices = Arc::new(Invoices::open(of(), visible(), Arc::clone(jobs))?);
        let plans = Arc::new(SubscriptionPlans::open(of(), visible(), Arc::clone(products))?);
        let books = SubscriptionBooks::open(of(), visible(), Arc::clone(accounts), Arc::clone(products))?;
        let books = Arc::new(books);
        let (of_books, of_plans) = (|| Arc::clone(&books), || Arc::clone(&plans));
        let money_in = MoneyIn::open(Ground {
            context: of(),
            visibility: visible(),
            accounts: Arc::clone(accounts),
            records: Arc::clone(&shared.accounts),
            alerts: Arc::clone(&shared.alerts),
            jobs: Arc::clone(jobs),
            settlements: Settlements::new(
                Arc::clone(bundles),
                Arc::new(InvoiceSettlement(Arc::clone(&invoices))),
                Arc::new(SubscriptionSettlement::new(of_books(), of_plans(), Arc::new(SystemClock))),
            ),
            invoices: Arc::clone(&invoices),
        })?;
        let off_session = Arc::clone(&money_in.off_session);
        let subscriptions = Arc::new(Subscriptions::new(of_books(), of_plans(), off_session));
        Ok(Self { invoices, subscription_plans: plans, subscriptions, money_in })
    }
}

/// The services whose answers existing clients get in their own words.
fn answering(
    shared: &SharedState,
    (accounts, invoices): (Arc<Accounts>, &Arc<Invoices>),
    edits: &Arc<TariffEdits>,
    alerts: &Arc<Alerts>,
    money_in: &MoneyIn,
) -> AnsweringServices {
    let (of, visible) = (|| Arc::clone(&shared.context), || Arc::clone(&shared.visibility));
    let records = || Arc::clone(&shared.accounts);
    AnsweringServices {
        accounts,
        wallets: Arc::new(Wallets::new(of(), visible(), records(), Arc::clone(&shared.lookup))),
        usage: Arc::new(UsageReports::new(of(), visible(), Arc::clone(&shared.lookup))),
        invoices: Arc::clone(invoices),
        plans: Arc::new(Plans::new(of(), visible(), Arc::clone(edits))),
        rate_cards: Arc::new(RateCards::new(of(), visible(), Arc::clone(edits))),
        recharges: Arc::clone(&money_in.recharges) as _,
        alerts: Arc::clone(alerts) as _,
    }
}

fn identity(
    shared: &SharedState,
    (jobs, events): (&Arc<JobQueue>, &Arc<EventBooks>),
    webhooks: Arc<Webhooks>,
    accounts: Arc<Accounts>,
) -> Result<Identity, Unavailable> {
    let (of, queue) = (|| Arc::clone(&shared.context), || Arc::clone(jobs));
    let visible = || Arc::clone(&shared.visibility);
    let (settings, store) = (&shared.context.settings, shared.context.store());
    let directory = Arc::new(UserDirectory::load(store)?);
    let of_directory = || Arc::clone(&directory);
    let limit = Arc::new(MailLimit::default());
    let sessions = Arc::new(Sessions::open(of(), of_directory())?);
    let browsers = Arc::new(BrowserSessions::new(of(), of_directory()));
    let api_keys = Arc::new(ApiKeys::new(of(), visible(), of_directory()));
    let passwords = Arc::new(Passwords::new(of(), of_directory(), queue()));
    let checked = || Arc::clone(&passwords);
    let password_resets =
        Arc::new(PasswordResets::new(of(), of_directory(), checked(), Arc::clone(&limit), queue()));
    let registrations =
        Arc::new(Registrations::new(of(), of_directory(), checked(), limit, accounts, queue()));
    let login = LoginService {
        context: of(),
        directory: of_directory(),
        passwords: checked(),
        sessions: Arc::clone(&sessions),
        registrations: Arc::clone(&registrations),
        password_resets: Arc::clone(&password_resets),
        jobs: queue(),
    };
    let background = Background {
        context: of(),
        directory: of_directory(),
        passwords: checked(),
        api_keys: Arc::clone(&api_keys),
        browsers: Arc::clone(&browsers),
        registrations,
        password_resets,
        webhooks,
        kept_answers: KeptAnswers::new(of()),
        email: EmailSender::new(&settings.mail, store.path()),
        events: Arc::clone(events),
        fan_out: FanOut::open(Arc::clone(events))?,
        retention: Retention::new(Arc::clone(events)),
    };
    let known = (sessions, Arc::clone(&browsers));
    let authentication =
        Arc::new(Authentication::new(known, Arc::clone(&api_keys), visible(), &settings.api));
    let login = Arc::new(login);
    let browser_login = BrowserLogin {
        login: Arc::clone(&login),
        browsers: Arc::clone(&browsers),
        authentication: Arc::clone(&authentication),
    };
    Ok(Identity {
        authentication,
        login,
        browser_login,
        users: Arc::new(Users::new(of(), visible(), of_directory(), checked(), queue())),
        api_keys,
        directory,
        browsers,
        background: Arc::new(background),
    })
}
