//! The service behind all streams, which knows what they tell.

use std::sync::Arc;

use super::dto::{AccountFigures, LiveFigures};
use super::hub::{Change, Hub};
use crate::caller::Caller;

/// Knows what streams tell. Nothing here may wait but what says so.
pub trait StreamService: Send + Sync + 'static {
    /// The ring of changes, and the figures of now.
    fn hub(&self) -> &Arc<Hub>;

    /// True while the session of this caller goes on.
    fn goes_on(&self, caller: &Caller) -> bool;

    /// True if the caller may hear of what belongs to this account.
    fn may_see(&self, caller: &Caller, account: &str) -> bool;

    /// Changes that nobody told of and that are found by looking: of the tariff in force, and of binds. May wait.
    fn found(&self) -> Vec<Change>;

    /// The figures of the house since they were asked for last; `None` where they cannot be had. May wait.
    fn house(&self) -> Option<LiveFigures>;

    /// The figures of an account; `None` where it is gone. May wait.
    fn account(&self, account: &str) -> Option<AccountFigures>;
}
