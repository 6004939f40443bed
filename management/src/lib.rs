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
mod documents;
mod existing_clients;
mod identity;
mod jobs;
mod messaging;
mod metrics;
mod notifications;
mod operators;
mod tariffs;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_storage::store::{Store, Unavailable};

use crate::tariff_files::Explainer;
use tollgate_provisioning::Settings;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::Core;

use crate::accounts::record::AccountRecord;
use crate::billing::invoices::Billing;
use crate::collections::{ACCOUNTS, ALERTS, API_KEYS, MAIL_TOKENS, OPERATORS, OUTBOX, SESSIONS, USERS};
use crate::content::Claims;
use crate::documents::Shelf;
use crate::identity::api_keys::{KeyRecord, KeyUses};
use crate::identity::auth::People;
use crate::identity::auth::records::{MailTokenRecord, SessionRecord, UserRecord};
use crate::identity::authentication::Door;
use crate::jobs::Errands;
use crate::messaging::cdrs::Exports;
use crate::messaging::names::KnownNames;
use crate::metrics::Metrics;
use crate::notifications::alerts::Courier;
use crate::notifications::alerts::outbox::OutboxRecord;
use crate::notifications::alerts::record::AlertRecord;
use crate::notifications::mail::Mailer;
use crate::notifications::mail::texts::Letter;
use crate::operators::record::OperatorRecord;
use crate::tariffs::edits::TariffEdits;

pub use crate::billing::schedule;
pub use crate::content::restore_approvals;
pub use crate::identity::auth::first_admin::{NewAdmin, create as create_admin, generated_password};

/// Everything that the API's handlers ask.
pub struct Office {
    pub(crate) core: Arc<Core>,
    /// From start to end.
    pub(crate) settings: Settings,
    door: Door,
    claims: Claims,
    accounts: Shelf<AccountRecord>,
    explainer: Explainer,
    exports: Exports,
    known_names: KnownNames,
    /// Held from the first look to the commit by whoever takes money out of a wallet by hand.
    taking_by_hand: Mutex<()>,
    operators: Shelf<OperatorRecord>,
    edits: TariffEdits,
    people: People,
    users: Shelf<UserRecord>,
    sessions: Shelf<SessionRecord>,
    mail_tokens: Shelf<MailTokenRecord>,
    api_keys: Shelf<KeyRecord>,
    key_uses: KeyUses,
    mailer: Mailer,
    errands: Errands,
    billing: Billing,
    alerts: Shelf<AlertRecord>,
    outbox: Shelf<OutboxRecord>,
    courier: Courier,
    metrics: Metrics,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

impl Office {
    /// Over the books and what is in force, which `config` is the `tollgate.toml` of.
    pub fn open(core: Arc<Core>, settings: &Settings, config: &Path) -> Result<Self, Unavailable> {
        let store = &core.store;
        Ok(Self {
            door: Door::new(&settings.api),
            claims: Claims::load(store)?,
            accounts: Shelf::load(store, ACCOUNTS)?,
            explainer: Explainer::new(),
            exports: Exports::default(),
            known_names: KnownNames::default(),
            taking_by_hand: Mutex::default(),
            operators: Shelf::load(store, OPERATORS)?,
            edits: TariffEdits::new(config.to_owned()),
            people: People::open(store)?,
            users: Shelf::load(store, USERS)?,
            sessions: Shelf::load(store, SESSIONS)?,
            mail_tokens: Shelf::load(store, MAIL_TOKENS)?,
            api_keys: Shelf::load(store, API_KEYS)?,
            key_uses: KeyUses::default(),
            mailer: Mailer::start(&settings.mail, store.path())
                .map_err(|error| Unavailable(format!("no thread for mail: {error}")))?,
            errands: Errands::default(),
            billing: Billing::default(),
            alerts: Shelf::load(store, ALERTS)?,
            outbox: Shelf::load(store, OUTBOX)?,
            courier: Courier::default(),
            metrics: Metrics::new(),
            settings: settings.clone(),
            core,
        })
    }

    /// Has a plain text sent to somebody by mail, behind the request. What it says is never logged.
    pub fn mail(&self, to: &str, subject: &str, text: &str) {
        self.mailer.send(to, Letter { subject: subject.to_owned(), text: text.to_owned() });
    }

    fn store(&self) -> &Store {
        &self.core.store
    }
}

/// What was provisioned over the API, as the books have it: read before anything is in force.
pub fn additions(store: &Store, settings: &Settings) -> Result<Additions, Unavailable> {
    let mut additions = Additions::default();
    for kept in Shelf::<AccountRecord>::load(store, ACCOUNTS)?.all() {
        let account = kept.value.provisioned(settings).map_err(|problem| Unavailable(problem.detail))?;
        additions.accounts.insert(Arc::clone(&account.account.id), account);
    }
    for kept in Shelf::<OperatorRecord>::load(store, OPERATORS)?.all() {
        let operator = kept.value.provisioned().map_err(|problem| Unavailable(problem.detail))?;
        additions.operators.insert(Arc::clone(&operator.operator.code), operator);
    }
    Ok(additions)
}
