//! Accounts and operators that were provisioned over the API, as the books have them.

use std::sync::Arc;

use tollgate_provisioning::Settings;
use tollgate_relay::additions::Additions;
use tollgate_storage::store::{Store, Unavailable};

use crate::accounts::record::AccountRecord;
use crate::collections::{ACCOUNTS, OPERATORS};
use crate::documents::DocumentCache;
use crate::operators::record::OperatorRecord;
use crate::sealing::Sealer;

/// All of them, read before anything is in force.
pub fn additions(store: &Store, settings: &Settings) -> Result<Additions, Unavailable> {
    let mut additions = Additions::default();
    for document in DocumentCache::<AccountRecord>::load(store, ACCOUNTS)?.all() {
        let account = document.value.provisioned(settings).map_err(|problem| Unavailable(problem.detail))?;
        additions.accounts.insert(Arc::clone(&account.account.id), account);
    }
    let sealer = Sealer::new(&settings.secrets);
    let operators = DocumentCache::<OperatorRecord>::load_sealed(store, OPERATORS, &sealer)?;
    for document in operators.all() {
        let operator = document.value.provisioned().map_err(|problem| Unavailable(problem.detail))?;
        additions.operators.insert(Arc::clone(&operator.operator.code), operator);
    }
    Ok(additions)
}
