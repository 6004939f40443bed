//! One timer for many things that are due: set to the first of them, and set anew only when that changes.

use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// Wakes its task when something is due.
#[derive(Debug, Default)]
pub struct DueTimer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl DueTimer {
    /// Has the task woken at `due`. True if it is time already: then the caller is to look again.
    pub fn is_due(&mut self, cx: &mut Context<'_>, due: Option<Instant>) -> bool {
        let Some(due) = due else { return false };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due.into())));
        if sleep.deadline().into_std() != due {
            sleep.as_mut().reset(due.into());
        }
        sleep.as_mut().poll(cx).is_ready()
    }
}
