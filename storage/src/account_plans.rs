//! The plans of accounts, as their messages were charged: a row for each change, with the first message id that it holds for. The
//! time series ask for the plan of a message long after its submit, when all that is at hand is its id.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;

use crate::batch::Batch;
use crate::database::{Database, Unavailable, damaged};
use crate::schema::{ACCOUNT_PLAN_PREFIX, Family, account_plan_key, parse_account_id_key};

/// Plans by account, each from a message id on.
#[derive(Clone, Debug, Default)]
pub struct AccountPlans(HashMap<AccountNumber, Vec<(u64, Arc<str>)>>);

impl AccountPlans {
    /// Reads the plans of a directory.
    pub fn load(database: &Database) -> Result<Self, Unavailable> {
        let mut plans = Self::default();
        let end = [ACCOUNT_PLAN_PREFIX, &[u8::MAX; 13]].concat();
        database.range(Family::Meta, ACCOUNT_PLAN_PREFIX..&end[..], |key, value| {
            let of = key.strip_prefix(ACCOUNT_PLAN_PREFIX).and_then(parse_account_id_key);
            let read = of.zip(std::str::from_utf8(value).ok());
            let ((account, first), plan) = read.ok_or_else(|| damaged(Family::Meta))?;
            plans.insert(account, first, plan.into());
            Ok(true)
        })?;
        Ok(plans)
    }

    /// The plan of a message; `None` where the account has charged nothing until then.
    pub fn of(&self, account: AccountNumber, message_id: u64) -> Option<&Arc<str>> {
        let plans = self.0.get(&account)?;
        let behind = plans.partition_point(|(first, _)| *first <= message_id);
        plans.get(behind.checked_sub(1)?).map(|(_, plan)| plan)
    }

    /// Notes the plan of the messages of a block that begins with this id, the last of the account so far. Where it is another
    /// than before, a row says so.
    pub fn note(
        &mut self,
        durable: Option<&Self>,
        batch: &mut Batch,
        (account, first): (AccountNumber, u64),
        plan: &Arc<str>,
    ) {
        let last = self.last(account).or_else(|| durable.and_then(|durable| durable.last(account)));
        if last.is_some_and(|last| Arc::ptr_eq(last, plan) || last == plan) {
            return;
        }
        batch.insert(Family::Meta, account_plan_key(account, first), plan.as_bytes().to_vec());
        self.insert(account, first, Arc::clone(plan));
    }

    /// Takes over what was noted later.
    pub fn extend(&mut self, added: Self) {
        for (account, plans) in added.0 {
            self.0.entry(account).or_default().extend(plans);
        }
    }

    fn last(&self, account: AccountNumber) -> Option<&Arc<str>> {
        self.0.get(&account)?.last().map(|(_, plan)| plan)
    }

    fn insert(&mut self, account: AccountNumber, first: u64, plan: Arc<str>) {
        self.0.entry(account).or_default().push((first, plan));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_plan_that_was_noted_last() {
        let (account, mut batch) = (AccountNumber(1), Batch::default());
        let (mut durable, mut added) = (AccountPlans::default(), AccountPlans::default());
        durable.note(None, &mut batch, (account, 10), &"a".into());
        added.note(Some(&durable), &mut batch, (account, 20), &"a".into());
        added.note(Some(&durable), &mut batch, (account, 30), &"b".into());
        added.note(Some(&durable), &mut batch, (account, 40), &"b".into());
        added.note(Some(&durable), &mut batch, (account, 50), &"a".into());
        assert_eq!(batch.puts.len(), 3, "a row for each change");
        durable.extend(added);
        for (id, plan) in [(9, None), (10, Some("a")), (29, Some("a")), (30, Some("b")), (50, Some("a"))] {
            assert_eq!(durable.of(account, id).map(|plan| &**plan), plan, "{id}");
        }
        assert_eq!(durable.of(AccountNumber(2), 50), None);
    }
}
