//! The events of a stream, and what may be asked of one.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::topics::Topic;
use crate::answer::Answer;
use crate::operators::BreakerState;
use crate::problem::Problem;
use crate::time::Time;
use crate::wallets::Balance;

/// The data of an event, by its `event`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum StreamEvent {
    /// The data of `live`.
    Live(LiveFigures),
    /// The data of `account`.
    Account(AccountFigures),
    /// The data of `change`.
    Change(StreamChange),
    /// The data of `end`. That of `resync` is an empty object.
    End(StreamEnd),
}

/// A thing that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreamChange {
    /// The kind of the thing.
    pub topic: Topic,
    /// The key of the thing among those of its kind.
    #[schema(example = "biz_test_001")]
    pub id: String,
    /// Counts up with each change of the thing; zero where it is gone. Where the thing has an `ETag`, it is this.
    pub revision: u64,
}

/// The reason for which a stream ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum StreamEnd {
    /// The session is over.
    SessionOver,
    /// The daemon stops.
    Stopping,
    /// The seconds that were asked for are over.
    Done,
}

/// The figures of the house at one moment. Rates are of the time since the figures before, which is a second as a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveFigures {
    /// The time of the figures.
    pub at: Time,
    /// Messages and segments in a second.
    pub per_second: LiveRates,
    /// Refusals in a second by reason, those that there were.
    pub refusals: Vec<LiveRefusal>,
    /// The time from a request to its answer.
    pub answers: LiveAnswers,
    /// Messages that wait for an operator.
    pub queued: u64,
    /// The age of the oldest of them; null where none waits in memory.
    pub queue_age_seconds: Option<u64>,
    /// Messages that wait to be written.
    pub commit_queue: u64,
    /// Open binds of gateways.
    pub binds: u64,
    /// The operators in force.
    pub operators: Vec<LiveOperator>,
}

/// Counts of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveRates {
    /// Messages that were charged.
    pub charged: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Messages that were answered as their first use.
    pub replayed: u64,
    /// Segments that were charged.
    pub segments: u64,
    /// Commits to disk.
    pub commits: u64,
}

/// The refusals of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveRefusal {
    /// The name of the reason.
    #[schema(example = "insufficient_funds")]
    pub reason: String,
    /// Messages in a second.
    pub per_second: u64,
}

/// The time that answers take; null where there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveAnswers {
    /// Half of them took no longer than about this.
    pub p50_micros: Option<u64>,
    /// All but one in a hundred took no longer than about this.
    pub p99_micros: Option<u64>,
}

/// An operator at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveOperator {
    /// The operator's code.
    #[schema(example = "alpha")]
    pub code: String,
    /// True if messages are sent to it.
    pub available: bool,
    /// Links that are bound.
    pub links_bound: u32,
    /// Links that are wanted.
    pub links: u32,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// Its health, from 0 to 100.
    pub score: u8,
    /// Messages that it answered in a second, over the last minute.
    pub per_second: u32,
    /// Messages that it takes in a second by contract; null without a limit.
    pub throughput_per_second: Option<u32>,
    /// Messages that wait for it.
    pub queued: u64,
    /// The age of the oldest of them; null where none waits in memory.
    pub queue_age_seconds: Option<u64>,
    /// Messages without its answer.
    pub in_flight: u32,
    /// Messages that it may have without an answer.
    pub window: u32,
    /// All but one in a hundred of its answers took no longer than this, over the last minute.
    pub latency_p99_micros: u64,
}

/// The figures of an account at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountFigures {
    /// The balance of now.
    pub balance: Balance,
    /// Messages that its binds submitted in the last whole second.
    pub per_second: u64,
    /// Its open binds.
    pub binds: u64,
}

/// The wishes for a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only changes of these topics, with commas between them; all if it is not given.
    #[serde(default)]
    #[param(example = "accounts,invoices")]
    pub topics: Option<String>,
    /// The id of the last event of an earlier stream, for pages that cannot send `Last-Event-ID`.
    #[serde(default)]
    pub last_event_id: Option<String>,
    /// The stream ends by itself after so many seconds, for programs that want a look.
    #[serde(default)]
    #[param(minimum = 1, maximum = 86400)]
    pub seconds: Option<u32>,
}

/// The longest time for which a stream can be asked for.
const SECONDS_MAX: u32 = 86_400;

impl StreamQuery {
    /// The topics that are asked for.
    pub(super) fn topics(&self) -> Answer<Vec<Topic>> {
        if self.seconds.is_some_and(|seconds| !(1..=SECONDS_MAX).contains(&seconds)) {
            return Err(Problem::field("seconds", format!("must be from 1 to {SECONDS_MAX}")));
        }
        let Some(names) = &self.topics else { return Ok(Topic::ALL.to_vec()) };
        let topic = |name: &str| {
            Topic::named(name).ok_or_else(|| Problem::field("topics", format!("there is no topic `{name}`")))
        };
        names.split(',').map(topic).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_asked_for_by_name() {
        let asked =
            |topics: &str| StreamQuery { topics: Some(topics.to_owned()), ..StreamQuery::default() }.topics();
        assert_eq!(asked("accounts,tariff"), Ok(vec![Topic::Accounts, Topic::Tariff]));
        assert_eq!(asked("accounts,,").unwrap_err().errors[0].field, "topics");
        assert_eq!(StreamQuery::default().topics().unwrap().len(), Topic::ALL.len());
        let seconds = StreamQuery { seconds: Some(0), ..StreamQuery::default() };
        assert_eq!(seconds.topics().unwrap_err().errors[0].field, "seconds");
    }
}
