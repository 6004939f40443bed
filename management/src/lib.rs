//! The office: what the management API asks of the daemon, area by area, over the books and what is in force.
//!
//! What is written goes through `work.rs` into one durable commit: documents, ledger entries, messages, audit notes and the
//! request's Idempotency-Key together, or nothing. What is small and asked for often stands on a shelf in memory (`shelf.rs`), beside
//! its documents on disk; everything else is read from the store when it is asked for. Only after the commit is anything put
//! in force.
//!
//! **Architecture invariant:** the functions here may wait for the disk. They are called on threads of their own, never on a
//! session's task.

pub mod cdr_export;
pub mod quotes;
pub mod tariff_files;

mod accounts;
mod audit;
mod billing;
mod change_set;
mod collections;
mod content;
mod context;
mod documents;
mod existing_clients;
mod identity;
mod jobs;
mod messaging;
mod metrics;
mod notifications;
mod operators;
mod problems;
mod services;
mod tariffs;

use std::path::Path;
use std::sync::Arc;

use tollgate_storage::store::{Store, Unavailable};

use tollgate_provisioning::Settings;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::Core;

use crate::accounts::Accounts;
use crate::accounts::record::AccountRecord;
use crate::billing::invoices::Invoices;
use crate::billing::usage::UsageReports;
use crate::billing::wallets::Wallets;
use crate::collections::{ACCOUNTS, ALERTS, API_KEYS, MAIL_TOKENS, OPERATORS, OUTBOX, SESSIONS, USERS};
use crate::content::Claims;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::api_keys::{KeyRecord, KeyUses};
use crate::identity::auth::People;
use crate::identity::auth::records::{MailTokenRecord, SessionRecord, UserRecord};
use crate::identity::authentication::Door;
use crate::identity::visibility::Visibility;
use crate::jobs::JobQueue;
use crate::messaging::cdrs::Cdrs;
use crate::messaging::charges::Charges;
use crate::messaging::dispatches::Dispatches;
use crate::messaging::lookup::Lookup;
use crate::notifications::alerts::WebhookWorker;
use crate::notifications::alerts::outbox::OutboxRecord;
use crate::notifications::alerts::record::AlertRecord;
use crate::notifications::mail::Mailer;
use crate::notifications::mail::texts::EmailMessage;
use crate::operators::Operators;
use crate::operators::record::OperatorRecord;
use crate::tariffs::Tariffs;
use crate::tariffs::edits::TariffEdits;
use crate::tariffs::plans::Plans;
use crate::tariffs::rate_cards::RateCards;

pub use crate::billing::schedule;
pub use crate::content::restore_approvals;
pub use crate::identity::auth::first_admin::{NewAdmin, create as create_admin, generated_password};
pub use crate::services::services;

/// Everything that the API's handlers ask.
pub struct Office {
    pub(crate) context: Arc<Context>,
    pub(crate) visibility: Arc<Visibility>,
    door: Door,
    pub(crate) account_service: Arc<Accounts>,
    pub(crate) wallets: Arc<Wallets>,
    pub(crate) invoices: Arc<Invoices>,
    pub(crate) usage: Arc<UsageReports>,
    pub(crate) charges: Arc<Charges>,
    pub(crate) cdrs: Arc<Cdrs>,
    pub(crate) dispatches: Arc<Dispatches>,
    pub(crate) operators: Arc<Operators>,
    pub(crate) tariffs: Arc<Tariffs>,
    pub(crate) plans: Arc<Plans>,
    pub(crate) rate_cards: Arc<RateCards>,
    claims: Claims,
    accounts: Arc<DocumentCache<AccountRecord>>,
    people: People,
    users: DocumentCache<UserRecord>,
    sessions: DocumentCache<SessionRecord>,
    mail_tokens: DocumentCache<MailTokenRecord>,
    api_keys: DocumentCache<KeyRecord>,
    key_uses: KeyUses,
    mailer: Mailer,
    jobs: JobQueue,
    alerts: DocumentCache<AlertRecord>,
    outbox: DocumentCache<OutboxRecord>,
    webhook_worker: WebhookWorker,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

impl Office {
    /// Over the books and what is in force, which `config` is the `tollgate.toml` of.
    pub fn open(core: Arc<Core>, settings: &Settings, config: &Path) -> Result<Self, Unavailable> {
        let context = Arc::new(Context::new(core, settings.clone()));
        let store = context.store();
        let accounts = Arc::new(DocumentCache::load(store, ACCOUNTS)?);
        let visibility = Arc::new(Visibility::new(Arc::clone(&context), Arc::clone(&accounts)));
        let (of, visible) = (|| Arc::clone(&context), || Arc::clone(&visibility));
        let lookup = Arc::new(Lookup::new(of(), visible()));
        let cdrs = Arc::new(Cdrs::new(of(), visible(), Arc::clone(&lookup)));
        let edits = Arc::new(TariffEdits::new(of(), config.to_owned()));
        Ok(Self {
            door: Door::new(&settings.api),
            claims: Claims::load(store)?,
            account_service: Arc::new(Accounts::new(of(), visible(), Arc::clone(&accounts))),
            wallets: Arc::new(Wallets::new(of(), visible(), Arc::clone(&accounts))),
            invoices: Arc::new(Invoices::new(of(), visible())),
            usage: Arc::new(UsageReports::new(of(), visible())),
            charges: Arc::new(Charges::new(of(), visible(), Arc::clone(&lookup))),
            dispatches: Arc::new(Dispatches::new(of(), visible(), lookup, Arc::clone(&cdrs))),
            cdrs,
            operators: Arc::new(Operators::open(of())?),
            tariffs: Arc::new(Tariffs::new(of(), Arc::clone(&edits))),
            plans: Arc::new(Plans::new(of(), visible(), Arc::clone(&edits))),
            rate_cards: Arc::new(RateCards::new(of(), visible(), edits)),
            people: People::open(store)?,
            users: DocumentCache::load(store, USERS)?,
            sessions: DocumentCache::load(store, SESSIONS)?,
            mail_tokens: DocumentCache::load(store, MAIL_TOKENS)?,
            api_keys: DocumentCache::load(store, API_KEYS)?,
            key_uses: KeyUses::default(),
            mailer: Mailer::start(&settings.mail, store.path())
                .map_err(|error| Unavailable(format!("no thread for mail: {error}")))?,
            jobs: JobQueue::default(),
            alerts: DocumentCache::load(store, ALERTS)?,
            outbox: DocumentCache::load(store, OUTBOX)?,
            webhook_worker: WebhookWorker::default(),
            accounts,
            visibility: visible(),
            context: of(),
        })
    }

    /// Has a plain text sent to somebody by mail, behind the request. What it says is never logged.
    pub fn mail(&self, to: &str, subject: &str, text: &str) {
        self.mailer.send(to, EmailMessage { subject: subject.to_owned(), text: text.to_owned() });
    }

    /// Ends the reading of long periods early, because the process stops.
    pub fn stop_billing(&self) {
        self.invoices.stop();
    }

    fn store(&self) -> &Store {
        self.context.store()
    }
}

/// What was provisioned over the API, as the books have it: read before anything is in force.
pub fn additions(store: &Store, settings: &Settings) -> Result<Additions, Unavailable> {
    let mut additions = Additions::default();
    for document in DocumentCache::<AccountRecord>::load(store, ACCOUNTS)?.all() {
        let account = document.value.provisioned(settings).map_err(|problem| Unavailable(problem.detail))?;
        additions.accounts.insert(Arc::clone(&account.account.id), account);
    }
    for document in DocumentCache::<OperatorRecord>::load(store, OPERATORS)?.all() {
        let operator = document.value.provisioned().map_err(|problem| Unavailable(problem.detail))?;
        additions.operators.insert(Arc::clone(&operator.operator.code), operator);
    }
    Ok(additions)
}
