//! The clock of the daemon as admins see it.

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::clock::{Clock, ClockService};
use tollgate_api::time::Time;
use tollgate_storage::clock::{self, ClockStatus};

use crate::context::Context;

/// Says whether the clock is believed, and believes it on request.
#[derive(Debug)]
pub struct ClockControl {
    context: Arc<Context>,
}

impl ClockControl {
    /// Requests are noted in these books.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}

impl ClockService for ClockControl {
    fn clock(&self) -> Answer<Clock> {
        Ok(view(&clock::status()))
    }

    fn trust(&self, caller: &Caller) -> Answer<Clock> {
        let before = clock::status();
        if let Some(doubt) = before.doubt {
            let (was, is) = (Time(before.now), Time(before.wall));
            let mut changes = self.context.change(caller);
            let before = json!({ "trusted": false, "doubt": doubt, "now": was });
            changes.note("clock.trust", "clock", &before, &json!({ "trusted": true, "now": is }));
            // It is in the log before anything expires by it.
            changes.commit()?;
            clock::believe();
        }
        self.clock()
    }
}

fn view(status: &ClockStatus) -> Clock {
    Clock {
        trusted: status.doubt.is_none(),
        doubt: status.doubt.map(str::to_owned),
        now: Time(status.now),
        wall: Time(status.wall),
        deadlines_at: Time(status.due),
        trusted_in_seconds: status.left.map(|left| left.as_secs() + u64::from(left.subsec_nanos() > 0)),
    }
}
