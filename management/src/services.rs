//! The services that the API is given.

use std::sync::Arc;

use tollgate_api::services::Services;

use crate::Office;
use crate::existing_clients::{AnsweringServices, ExistingClients};

/// One service for each area of the API.
pub fn services(office: &Arc<Office>) -> Services {
    Services {
        authentication: Arc::clone(office) as _,
        accounts: Arc::clone(&office.account_service) as _,
        wallets: Arc::clone(&office.wallets) as _,
        charges: Arc::clone(&office.charges) as _,
        cdrs: Arc::clone(&office.cdrs) as _,
        dispatches: Arc::clone(&office.dispatches) as _,
        usage: Arc::clone(&office.usage) as _,
        invoices: Arc::clone(&office.invoices) as _,
        alerts: Arc::clone(office) as _,
        auth: Arc::clone(office) as _,
        users: Arc::clone(office) as _,
        keys: Arc::clone(office) as _,
        audit: Arc::clone(office) as _,
        nicknames: Arc::clone(office) as _,
        templates: Arc::clone(office) as _,
        operators: Arc::clone(&office.operators) as _,
        plans: Arc::clone(&office.plans) as _,
        rate_cards: Arc::clone(&office.rate_cards) as _,
        tariffs: Arc::clone(&office.tariffs) as _,
        wecall: Arc::new(existing_clients(office)),
    }
}

fn existing_clients(office: &Arc<Office>) -> ExistingClients {
    let services = AnsweringServices {
        accounts: Arc::clone(&office.account_service),
        wallets: Arc::clone(&office.wallets),
        usage: Arc::clone(&office.usage),
        invoices: Arc::clone(&office.invoices),
        plans: Arc::clone(&office.plans),
        rate_cards: Arc::clone(&office.rate_cards),
        alerts: Arc::clone(office) as _,
    };
    ExistingClients::new(Arc::clone(&office.context), Arc::clone(&office.visibility), services)
}
