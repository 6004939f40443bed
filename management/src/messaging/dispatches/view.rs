//! A dispatch as it is found, and as the API shows it.

use tollgate_api::caller::Caller;
use tollgate_api::dispatches::{Dispatch, DispatchCounts, DispatchStatus, text_of};
use tollgate_api::money::{CurrencyCode, MoneySum};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::{self, DispatchCounters, DocumentRow};
use tollgate_storage::store::Unavailable;

use super::record::DispatchRecord;
use tollgate_billing::ratio::percent;
use tollgate_exports::cdr::NamedAccount;

/// A description that somebody wrote, with its version.
#[derive(Clone, Debug)]
pub struct Written {
    pub revision: u64,
    pub created_at: UnixMicros,
    pub updated_at: UnixMicros,
    pub record: DispatchRecord,
}

/// A dispatch that is there.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The counters of what was charged under its id; zero where nothing was.
    pub counters: DispatchCounters,
    /// Its description; `None` where only messages name it.
    pub written: Option<Written>,
}

impl Written {
    /// Reads the document of a dispatch.
    pub fn read(row: &DocumentRow) -> Result<Self, Unavailable> {
        let record = serde_json::from_slice(&row.body);
        let record = record.map_err(|error| Unavailable(format!("the document of a dispatch: {error}")))?;
        let DocumentRow { revision, created_at, updated_at, .. } = *row;
        Ok(Self { revision, created_at, updated_at, record })
    }
}

impl Found {
    /// True if there is such a dispatch.
    pub fn is_there(&self) -> bool {
        self.written.is_some() || self.counters.messages > 0
    }

    /// The version of its description; zero without one.
    pub fn revision(&self) -> u64 {
        self.written.as_ref().map_or(0, |written| written.revision)
    }

    /// The dispatch as the API shows it. Only callers who see all accounts are shown what operators charge, and only those who
    /// are told what the account pays its cost.
    pub fn view(
        &self,
        (caller, is_told): (&Caller, bool),
        account: &NamedAccount,
        octets: &[u8],
    ) -> Dispatch {
        let written = self.written.as_ref();
        let record = written.map(|written| &written.record);
        Dispatch {
            id: text_of(octets),
            account: account.id.clone(),
            name: record.map(|record| record.name.clone()),
            description: record.and_then(|record| record.description.clone()),
            planned_messages: record.and_then(|record| record.planned_messages),
            status: status_of(&self.counters),
            counters: DispatchCounts {
                cost: is_told.then_some(MoneySum(self.counters.cost)),
                ..counts_of(&self.counters, CurrencyCode(account.currency), caller.reaches_all())
            },
            created_at: written.map(|written| Time(written.created_at)),
            updated_at: written.map(|written| Time(written.updated_at)),
        }
    }
}

/// The status by the counters. A dispatch under which nothing was charged yet is not over.
fn status_of(counters: &DispatchCounters) -> DispatchStatus {
    match counters.status() {
        _ if counters.messages == 0 => DispatchStatus::Processing,
        rows::DispatchStatus::Processing => DispatchStatus::Processing,
        rows::DispatchStatus::Completed => DispatchStatus::Completed,
        rows::DispatchStatus::Failed => DispatchStatus::Failed,
    }
}

/// The counts without their cost.
fn counts_of(counters: &DispatchCounters, currency: CurrencyCode, shows_costs: bool) -> DispatchCounts {
    DispatchCounts {
        messages: counters.messages,
        segments: counters.segments,
        submitted: counters.submitted,
        delivered: counters.delivered,
        failed: counters.failed,
        cancelled: counters.cancelled,
        unconfirmed: counters.unconfirmed,
        pending: counters.pending(),
        success_rate: percent(counters.delivered, counters.messages),
        cost: None,
        cost_operators: shows_costs.then_some(MoneySum(counters.cost_operators)),
        currency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_counters_once_there_is_something_to_count() {
        let mut counters = DispatchCounters::default();
        assert_eq!(status_of(&counters), DispatchStatus::Processing);
        counters.messages = 2;
        counters.failed = 1;
        assert_eq!(status_of(&counters), DispatchStatus::Processing);
        counters.cancelled = 1;
        assert_eq!(status_of(&counters), DispatchStatus::Failed);
        counters = DispatchCounters { cancelled: 0, delivered: 1, ..counters };
        assert_eq!(status_of(&counters), DispatchStatus::Completed);
    }
}
