//! Messages that a level of a chain refuses, and caps that they exceed: the account of that level is told, the sender is not.

use tollgate_engine::beside::Beside;
use tollgate_engine::cap::Cap;
use tollgate_engine::chain::LevelRefusal;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;

use super::levels::Levels;
use crate::metrics::Metrics;
use crate::snapshot::ActiveAccount;

impl Levels {
    /// The reason that the sender is told. What lies above is counted, and noted for the alerts of the account there.
    pub(crate) fn refused_at(
        &self,
        refused: &LevelRefusal,
        sender: &ActiveAccount,
        metrics: &Metrics,
        now: UnixMicros,
    ) -> Refusal {
        if let Some(account) = self.account_at(refused.level, sender) {
            if refused.level > 0 {
                metrics.refuse_above(refused);
            }
            let is_own_state = matches!(refused.refusal, Refusal::InsufficientFunds | Refusal::Suspended);
            if refused.level > 0 && is_own_state {
                account.runtime.notices.be_short(now);
            }
            if let Some(cap) = refused.cap.and_then(|cap| account.terms.account.caps.get(cap)) {
                let calendar = &account.terms.plan.calendar;
                let counter = account.runtime.wallet.pockets().caps.current(cap, calendar, now);
                account.runtime.notices.exceed(cap.number(), counter.span);
            }
        }
        refused.for_sender()
    }

    /// Notes the soft caps that a message exceeds.
    pub(crate) fn note_exceeded(&self, beside: &Beside, sender: &ActiveAccount) {
        for (level, index) in &beside.exceeded {
            let above = level.checked_sub(1).and_then(|above| beside.above.get(above));
            let postings = above.map_or(&beside.own, |above| &above.postings);
            let Some(account) = self.account_at(*level, sender) else { continue };
            let Some(cap) = account.terms.account.caps.get(*index).map(Cap::number) else { continue };
            if let Some(count) = postings.caps.iter().find(|count| count.cap == cap) {
                account.runtime.notices.exceed(cap, count.span);
            }
        }
    }

    fn account_at<'a>(&'a self, level: usize, sender: &'a ActiveAccount) -> Option<&'a ActiveAccount> {
        if level == 0 { Some(sender) } else { self.account(level).map(|account| &**account) }
    }
}
