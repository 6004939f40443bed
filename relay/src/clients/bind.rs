//! Admission: password, address, number of binds.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tollgate_smpp::{BindOutcome, BindRequest, Gate};

use super::session::GatewaySession;
use crate::core::World;
use crate::snapshot::Bindable;
use tollgate_provisioning::passwords;

/// ESME_RBINDFAIL.
const BIND_FAILED: u32 = 0x0000_000D;
/// ESME_RINVPASWD, for an unknown `system_id` too: a guesser learns nothing from the difference.
const INVALID_PASSWORD: u32 = 0x0000_000E;

/// Passwords verified at one time: each costs milliseconds of a core and megabytes of memory.
const VERIFICATIONS_MAX: usize = 2;

/// The daemon's side of the SMPP server.
#[derive(Debug)]
pub struct TollGate {
    world: Arc<World>,
    window: u32,
    verifications: Semaphore,
}

impl TollGate {
    /// With the window of binds whose account sets no other.
    pub fn new(world: Arc<World>, window: u32) -> Self {
        Self { world, window, verifications: Semaphore::new(VERIFICATIONS_MAX) }
    }

    async fn password_fits(&self, account: Option<&Arc<Bindable>>, password: Vec<u8>) -> bool {
        let Ok(_turn) = self.verifications.acquire().await else { return false };
        let hash = account.map(|account| account.provisioned.password_hash.clone());
        tokio::task::spawn_blocking(move || passwords::verify(hash.as_ref(), &password))
            .await
            .unwrap_or(false)
    }
}

impl Gate for TollGate {
    type Session = GatewaySession;

    async fn bind(&self, request: BindRequest, peer: IpAddr) -> BindOutcome<GatewaySession> {
        let system_id = String::from_utf8_lossy(&request.system_id).into_owned();
        let account = self.world.live.load().by_system_id(&request.system_id);
        let fits = self.password_fits(account.as_ref(), request.password).await;
        let (Some(account), true) = (account, fits) else {
            tracing::warn!(system_id, %peer, "bind refused: unknown system_id or wrong password");
            return BindOutcome::Refused { status: INVALID_PASSWORD, slow_down: true };
        };
        let provisioned = &account.provisioned;
        if !provisioned.allowed_ips.is_empty()
            && !provisioned.allowed_ips.iter().any(|net| net.contains(&peer))
        {
            tracing::warn!(system_id, %peer, "bind refused: the address is not allowed");
            return BindOutcome::Refused { status: BIND_FAILED, slow_down: true };
        }
        if !account.standing.take_bind(provisioned.max_binds) {
            tracing::warn!(system_id, %peer, max_binds = provisioned.max_binds, "bind refused: too many binds");
            return BindOutcome::Refused { status: BIND_FAILED, slow_down: false };
        }
        tracing::info!(system_id, %peer, mode = ?request.mode, version = request.interface_version, "bound");
        let window = provisioned.window.unwrap_or(self.window);
        let short_ids = request.interface_version <= 0x33;
        BindOutcome::Bound {
            session: GatewaySession::new(Arc::clone(&self.world), &account, window, short_ids),
            window,
            delivery_window: self.world.desk.settings.receipt_window,
        }
    }
}
