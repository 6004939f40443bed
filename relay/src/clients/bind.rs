//! Admission of binds: password, address, number of binds.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tollgate_smpp::{BindHandler, BindOutcome, BindRequest};

use super::context::ClientContext;
use super::session::EsmeSession;
use crate::snapshot::ActiveAccount;
use tollgate_provisioning::passwords;

/// ESME_RBINDFAIL: the bind is refused for another reason than the password.
const BIND_FAILED: u32 = 0x0000_000D;
/// ESME_RINVPASWD, for an unknown `system_id` too: a guesser learns nothing from the difference.
const INVALID_PASSWORD: u32 = 0x0000_000E;

/// Passwords that are verified at one time: each costs milliseconds of a core and megabytes of memory.
const VERIFICATIONS_MAX: usize = 2;

/// Admits binds on behalf of the SMPP server.
#[derive(Debug)]
pub struct ClientBinds {
    context: Arc<ClientContext>,
    window: u32,
    verifications: Semaphore,
}

impl ClientBinds {
    /// With the window of binds whose account sets no other.
    pub fn new(context: Arc<ClientContext>, window: u32) -> Self {
        Self { context, window, verifications: Semaphore::new(VERIFICATIONS_MAX) }
    }

    async fn password_fits(&self, account: Option<&Arc<ActiveAccount>>, password: Vec<u8>) -> bool {
        let Ok(_turn) = self.verifications.acquire().await else { return false };
        let hash = account.map(|account| account.provisioned.password_hash.clone());
        tokio::task::spawn_blocking(move || passwords::verify(hash.as_ref(), &password))
            .await
            .unwrap_or(false)
    }
}

impl BindHandler for ClientBinds {
    type Session = EsmeSession;

    fn now(&self) -> u64 {
        tollgate_storage::clock::now().0
    }

    async fn bind(&self, request: BindRequest, peer: IpAddr) -> BindOutcome<EsmeSession> {
        let system_id = request.system_id.escape_ascii().to_string();
        let account = self.context.snapshot.load().by_system_id(&request.system_id);
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
        if !account.runtime.take_bind(provisioned.max_binds) {
            tracing::warn!(system_id, %peer, max_binds = provisioned.max_binds, "bind refused: too many binds");
            return BindOutcome::Refused { status: BIND_FAILED, slow_down: false };
        }
        tracing::info!(system_id, %peer, mode = ?request.mode, version = request.interface_version, "bound");
        let window = provisioned.window.unwrap_or(self.window);
        let short_ids = request.interface_version <= 0x33;
        BindOutcome::Bound {
            session: EsmeSession::new(Arc::clone(&self.context), &account, window, short_ids),
            window,
            delivery_window: self.context.receipt_window,
        }
    }
}
