//! The session of a bind as people see it among the open ones: it counts what it does, and ends when they say so.

use std::sync::Arc;
use std::task::{Context, Poll};

use tollgate_smpp::pdu::Submit;
use tollgate_smpp::{
    Answer, Delivery, DeliveryOutcome, MessageRef, Replacement, RequestOutcome, SessionHandler,
};

use super::bind_activity::ActivityCounts;
use super::open_binds::{ListedBind, OpenBind, OpenBinds};
use super::session::EsmeSession;

/// A session that is listed as long as it lives.
pub struct BoundSession {
    session: EsmeSession,
    counts: ActivityCounts,
    _listed: ListedBind,
}

impl BoundSession {
    /// A session that was just admitted.
    pub(crate) fn list(open_binds: &Arc<OpenBinds>, bind: OpenBind, session: EsmeSession) -> Self {
        let counts = ActivityCounts::new(Arc::clone(&bind.activity));
        Self { session, counts, _listed: open_binds.list(bind) }
    }
}

impl SessionHandler for BoundSession {
    fn submit(&mut self, now: u64, submit: &Submit<'_>) -> RequestOutcome {
        let outcome = self.session.submit(now, submit);
        self.counts.submitted(now, outcome);
        outcome
    }

    fn query(&mut self, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        let outcome = self.session.query(sequence, message);
        self.counts.asked(outcome);
        outcome
    }

    fn cancel(&mut self, now: u64, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        let outcome = self.session.cancel(now, sequence, message);
        self.counts.asked(outcome);
        outcome
    }

    fn replace(
        &mut self,
        now: u64,
        sequence: u32,
        message: MessageRef<'_>,
        body: Replacement<'_>,
    ) -> RequestOutcome {
        let outcome = self.session.replace(now, sequence, message, body);
        self.counts.asked(outcome);
        outcome
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.counts.show();
        self.session.poll_flush(cx)
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()> {
        let before = answers.len();
        let ready = self.session.poll_answers(cx, answers);
        if answers.len() > before {
            self.counts.answered(answers.len() - before);
        }
        ready
    }

    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        self.session.poll_deliveries(cx, room, deliveries)
    }

    fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        self.session.delivered(token, outcome);
    }

    fn flush_delivered(&mut self) {
        self.session.flush_delivered();
    }

    fn is_uneven(&self) -> bool {
        self.session.is_uneven()
    }

    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.counts.shared().poll_leave(cx)
    }

    fn hangs_up(&self) -> bool {
        self.session.hangs_up()
    }
}
