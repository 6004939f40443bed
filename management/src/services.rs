//! The services that the API is given.

use std::sync::Arc;

use tollgate_api::services::Services;

use crate::Office;

/// One service for each area of the API.
pub fn services(office: &Arc<Office>) -> Services {
    Services {
        authentication: Arc::clone(office) as _,
        accounts: Arc::clone(office) as _,
        wallets: Arc::clone(office) as _,
        charges: Arc::clone(office) as _,
        cdrs: Arc::clone(office) as _,
        dispatches: Arc::clone(office) as _,
        usage: Arc::clone(office) as _,
        invoices: Arc::clone(office) as _,
        alerts: Arc::clone(office) as _,
        auth: Arc::clone(office) as _,
        users: Arc::clone(office) as _,
        keys: Arc::clone(office) as _,
        audit: Arc::clone(office) as _,
        nicknames: Arc::clone(office) as _,
        templates: Arc::clone(office) as _,
        operators: Arc::clone(office) as _,
        plans: Arc::clone(office) as _,
        rate_cards: Arc::clone(office) as _,
        tariffs: Arc::clone(office) as _,
        wecall: Arc::clone(office) as _,
    }
}
