//! Accounts, operators and price lists that were provisioned over the API, as the books have them.

use std::sync::Arc;

use tollgate_engine::operator::OperatorStatus;
use tollgate_provisioning::Settings;
use tollgate_relay::additions::Additions;
use tollgate_storage::store::{Store, Unavailable};

use crate::accounts::record::AccountRecord;
use crate::collections::{ACCOUNTS, OPERATOR_STATUSES, OPERATORS, PRICE_LISTS};
use crate::documents::DocumentCache;
use crate::operators::file_status::FileStatus;
use crate::operators::record::OperatorRecord;
use crate::resale::price_list_record::PriceListRecord;
use crate::sealing::Sealer;

/// All of them, read before anything is in force.
pub fn additions(store: &Store, settings: &Settings) -> Result<Additions, Unavailable> {
    let mut additions = Additions::default();
    for document in DocumentCache::<AccountRecord>::load(store, ACCOUNTS)?.all() {
        let account = document.value.provisioned(settings).map_err(|problem| Unavailable(problem.detail))?;
        additions.accounts.insert(Arc::clone(&account.account.id), account);
    }
    for document in DocumentCache::<PriceListRecord>::load(store, PRICE_LISTS)?.all() {
        let list = document.value.provisioned(None).map_err(|problem| Unavailable(problem.detail))?;
        additions.price_lists.insert(Arc::clone(&list.name), list);
    }
    let sealer = Sealer::new(&settings.secrets);
    let operators = DocumentCache::<OperatorRecord>::load_sealed(store, OPERATORS, &sealer)?;
    for document in operators.all() {
        let operator = document.value.provisioned().map_err(|problem| Unavailable(problem.detail))?;
        additions.operators.insert(Arc::clone(&operator.operator.code), operator);
    }
    for document in DocumentCache::<FileStatus>::load(store, OPERATOR_STATUSES)?.all() {
        // One that was resumed is as the file has it.
        if document.value.status.0 != OperatorStatus::Active {
            additions.statuses.insert(Arc::from(document.key.as_str()), document.value.status.0);
        }
    }
    Ok(additions)
}
