//! The move of an account to another plan as a part of a larger change, such as the purchase of a subscription.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_relay::configuration::ConfigurationChange;
use tollgate_storage::change::Changed;

use super::next::NextAccount;
use super::record::AccountRecord;
use super::{Accounts, view};
use crate::change_set::ChangeSet;
use crate::documents::Document;
use crate::problems::apply_problem_of;

/// The move of an account to another plan, checked and not yet durable.
pub struct PlanMove {
    record: AccountRecord,
    before: Arc<Document<AccountRecord>>,
    next: NextAccount,
}

impl Accounts {
    /// Checks that an account of the API can be moved to a plan. Whoever holds the right to change the configuration asks, and
    /// keeps it until the move is in force.
    pub fn prepare_plan(&self, turn: &ConfigurationChange<'_>, id: &str, plan: &str) -> Answer<PlanMove> {
        let Some(before) = self.records.get(id) else {
            return Err(Problem::provisioned_by_file(format!(
                "account `{id}` is provisioned in accounts.toml, and its plan is changed there"
            )));
        };
        let mut record = before.value.clone();
        plan.clone_into(&mut record.plan);
        if self.is_in_resale(&record) {
            let message = format!("account `{id}` is in a chain, and its plan is set by the level above it");
            return Err(Problem::wrong_state(message));
        }
        if self.currency_of_plan(&Caller::system(), plan)? != record.currency {
            return Err(Problem::field("plan", "has another currency than the account's wallet"));
        }
        let provisioned = record.provisioned(&self.context.settings)?;
        let makes_version = record.has_price_terms() || before.value.has_price_terms();
        let next = NextAccount::prepare(turn, provisioned, makes_version)
            .map_err(|error| apply_problem_of(&record.id, &error))?;
        Ok(PlanMove { record, before, next })
    }

    /// Adds the move to a change.
    pub fn add_plan_move<'a>(&'a self, changes: &mut ChangeSet<'a>, plan_move: &PlanMove) {
        let PlanMove { record, before, next } = plan_move;
        changes.provision(next.change());
        changes.put(&self.records, &record.id, Some(before), record.clone());
        let (was, is) = (view::audited(&before.value), view::audited(record));
        changes.note("account.update", format!("account/{}", record.id), &was, &is);
    }
}

impl PlanMove {
    /// Puts the account in force, once the change is durable.
    pub fn enact(self, turn: &mut ConfigurationChange<'_>, changed: &Changed) {
        if let Some(provisioned) = changed.provisioned.clone() {
            self.next.enact(turn, provisioned);
        }
    }
}
