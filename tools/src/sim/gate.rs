//! Who may bind, and what all binds have in common.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tollgate_smpp::{BindOutcome, BindRequest, Gate};

use super::answers::AnswerOptions;
use super::counts::Counts;
use super::listening::Credentials;
use super::mailbox::Mailbox;
use super::receipts::ReceiptOptions;
use super::record::Record;
use super::session::SimSession;
use super::throttle::Throttle;

/// ESME_RINVPASWD and ESME_RINVSYSID.
const INVALID_PASSWORD: u32 = 0x0E;
const INVALID_SYSTEM_ID: u32 = 0x0F;
/// ESME_RBINDFAIL.
const BIND_FAILED: u32 = 0x0D;

/// Different system_ids that are remembered.
const SYSTEM_IDS_MAX: usize = 10_000;

/// What all binds have in common.
#[derive(Debug)]
pub struct Sim {
    /// How messages are answered.
    pub answers: AnswerOptions,
    /// Which receipts follow.
    pub receipts: ReceiptOptions,
    /// Who may bind.
    pub credentials: Credentials,
    /// Submits that one bind may have unanswered.
    pub window: u32,
    /// Makes chance repeatable.
    pub seed: u64,
    /// Where messages taken are written down.
    pub record: Option<Record>,
    /// What happened.
    pub counts: Counts,
    /// The rate.
    pub throttle: Throttle,
    first_id: u64,
    taken: AtomicU64,
    mailboxes: Mutex<HashMap<Vec<u8>, Arc<Mailbox>>>,
}

impl Sim {
    /// Nothing has happened yet. Ids count from `first_id`.
    pub fn new(
        answers: AnswerOptions,
        receipts: ReceiptOptions,
        credentials: Credentials,
        window: u32,
        seed: u64,
        record: Option<Record>,
        first_id: u64,
    ) -> Self {
        Self {
            throttle: Throttle::new(answers.throttle_per_second),
            answers,
            receipts,
            credentials,
            window,
            seed,
            record,
            counts: Counts::default(),
            first_id,
            taken: AtomicU64::new(0),
            mailboxes: Mutex::default(),
        }
    }

    /// The number of a message that is being taken, and whether its connection is to be cut.
    pub fn take_message(&self) -> (u64, bool) {
        let before = self.taken.fetch_add(1, Relaxed);
        let cut = self.answers.disconnect_every.is_some_and(|every| (before + 1).is_multiple_of(every));
        (self.first_id + before, cut)
    }

    /// `None` where there are too many others.
    fn mailbox(&self, system_id: &[u8]) -> Option<Arc<Mailbox>> {
        let mut mailboxes = self.mailboxes.lock();
        if let Some(mailbox) = mailboxes.get(system_id) {
            return Some(Arc::clone(mailbox));
        }
        let has_room = mailboxes.len() < SYSTEM_IDS_MAX;
        has_room.then(|| {
            let most = usize::try_from(self.receipts.receipts_max).unwrap_or(usize::MAX);
            Arc::clone(mailboxes.entry(system_id.to_vec()).or_insert_with(|| Arc::new(Mailbox::new(most))))
        })
    }
}

/// The simulator as a server sees it.
#[derive(Debug)]
pub struct SimGate(pub Arc<Sim>);

impl Gate for SimGate {
    type Session = SimSession;

    async fn bind(&self, request: BindRequest, _peer: IpAddr) -> BindOutcome<SimSession> {
        let sim = &self.0;
        let Credentials { system_id, password } = &sim.credentials;
        let fits =
            |wanted: Option<&str>, given: &[u8]| wanted.is_none_or(|wanted| wanted.as_bytes() == given);
        let refused = |status| {
            sim.counts.binds_refused.one_more();
            BindOutcome::Refused { status, slow_down: false }
        };
        if !fits(system_id.as_deref(), &request.system_id) {
            return refused(INVALID_SYSTEM_ID);
        }
        if !fits(password.as_ref().map(|password| password.0.as_str()), &request.password) {
            return refused(INVALID_PASSWORD);
        }
        let Some(mailbox) = sim.mailbox(&request.system_id) else {
            return refused(BIND_FAILED);
        };
        sim.counts.binds.one_more();
        let number = sim.counts.binds.get();
        BindOutcome::Bound {
            session: SimSession::new(Arc::clone(sim), mailbox, number, &request),
            window: sim.window,
            delivery_window: sim.receipts.receipt_window,
        }
    }
}
