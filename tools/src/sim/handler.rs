//! The binds of a simulator: their credentials are checked, and a session is made for each.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_smpp::{BindHandler, BindOutcome, BindRequest};

use super::credentials::Credentials;
use super::session::SimSession;
use super::simulator::Simulator;

/// ESME_RINVPASWD and ESME_RINVSYSID.
const INVALID_PASSWORD: u32 = 0x0E;
const INVALID_SYSTEM_ID: u32 = 0x0F;
/// Status ESME_RBINDFAIL (SMPP 3.4 §5.1.3).
const BIND_FAILED: u32 = 0x0D;

/// The simulator as a server sees it.
#[derive(Debug)]
pub struct SimHandler(pub Arc<Simulator>);

impl BindHandler for SimHandler {
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
        let Some(queue) = sim.queue(&request.system_id) else {
            return refused(BIND_FAILED);
        };
        sim.counts.binds.one_more();
        let number = sim.counts.binds.get();
        BindOutcome::Bound {
            session: SimSession::new(Arc::clone(sim), queue, number, &request),
            window: sim.window,
            delivery_window: sim.receipts.receipt_window,
        }
    }
}
