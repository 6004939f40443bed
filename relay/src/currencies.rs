//! The currencies of wallets on disk, against those that a configuration gives them. A wallet keeps its currency for good:
//! its balance in another one would be another sum of money.

use std::collections::HashMap;
use std::fmt;

use tollgate_provisioning::{Place, Provisioning};
use tollgate_storage::store::{Store, Unavailable};

/// An account whose wallet has another currency than the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyConflict {
    /// The account in its file; `None` for one of the management API.
    pub account_place: Option<Place>,
    /// The plan of the account in its file.
    pub plan_place: Option<Place>,
    /// The id of the account.
    pub account: String,
    /// The plan that gives the account its currency.
    pub plan: String,
    /// The currency of the plan.
    pub currency: String,
    /// The currency of the wallet.
    pub wallet: String,
}

impl fmt::Display for CurrencyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account_place, plan_place, account, plan, currency, wallet } = self;
        match (account_place, plan_place) {
            (Some(at), Some(plan_at)) => {
                write!(f, "{at}: plan: plan `{plan}` is in {currency} ({plan_at}: currency)")?;
            }
            (Some(at), None) => write!(f, "{at}: plan: plan `{plan}` is in {currency}")?,
            (None, Some(plan_at)) => write!(f, "{plan_at}: currency: plan `{plan}` is in {currency}")?,
            (None, None) => write!(f, "plan `{plan}` is in {currency}")?,
        }
        write!(f, ", but the wallet of account `{account}` is in {wallet} and keeps its currency")
    }
}

/// Every account whose books are in another currency, in the order of the configuration.
pub fn currency_conflicts(
    store: &Store,
    provisioning: &Provisioning,
) -> Result<Vec<CurrencyConflict>, Unavailable> {
    let rows = store.provisioned().accounts()?;
    let wallets: HashMap<&str, &str> = rows.iter().map(|(_, row)| (&*row.id, &*row.currency)).collect();
    let accounts = provisioning.accounts.iter().map(|provisioned| &provisioned.account);
    let conflicts = accounts.filter_map(|account| {
        let wallet = *wallets.get(&*account.id)?;
        // What the plan says now: the record of an account of the API repeats what it said once.
        let plan = provisioning.plans.iter().find(|plan| plan.name == account.plan);
        let currency = plan.map_or(account.currency, |plan| plan.currency).to_string();
        (wallet != currency).then(|| CurrencyConflict {
            account_place: provisioning.places.accounts.get(&account.id).map(|places| places.of_key("plan")),
            plan_place: provisioning.places.plan_currencies.get(&account.plan).cloned(),
            account: account.id.to_string(),
            plan: account.plan.to_string(),
            currency,
            wallet: wallet.to_owned(),
        })
    });
    Ok(conflicts.collect())
}
