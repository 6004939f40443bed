//! Admission of binds: password, address, number of binds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use tollgate_provisioning::ProvisionedAccount;
use tollgate_smpp::places::network;
use tollgate_smpp::{BindHandler, BindOutcome, BindRequest};

use super::bound_session::BoundSession;
use super::context::ClientContext;
use super::open_binds::OpenBind;
use super::session::EsmeSession;
use crate::passwords::{Asker, PasswordPool, Proofs, Remembered, TooMany};
use crate::snapshot::ActiveAccount;

/// ESME_RBINDFAIL: the account has as many binds as it may have, or too many passwords wait to be checked. Neither says
/// whether the password is right to somebody who does not know it.
const BIND_FAILED: u32 = 0x0000_000D;
/// ESME_RINVPASWD, for an unknown `system_id` and for an address that is not allowed too: a guesser learns nothing from
/// the difference.
const INVALID_PASSWORD: u32 = 0x0000_000E;

/// Admits binds on behalf of the SMPP server.
#[derive(Debug)]
pub struct ClientBinds {
    context: Arc<ClientContext>,
    window: u32,
    passwords: Arc<PasswordPool>,
    proofs: Proofs,
}

impl ClientBinds {
    /// With the window of binds whose account sets no other.
    pub fn new(
        context: Arc<ClientContext>,
        window: u32,
        passwords: Arc<PasswordPool>,
        proofs: Proofs,
    ) -> Self {
        Self { context, window, passwords, proofs }
    }

    /// True if the account may bind from there with this password. What is known without a hash costs one all the same
    /// where the answer is no, so that all of those take the same time.
    async fn may_bind(
        &self,
        account: Option<&ProvisionedAccount>,
        peer: IpAddr,
        password: Vec<u8>,
    ) -> Result<bool, TooMany> {
        let account = account.filter(|account| is_allowed(account, peer));
        let remembered = account.map_or(Remembered::Wrong, |account| {
            self.proofs.check(&account.account.id, &account.password_hash, &password, Instant::now())
        });
        let address = network(peer);
        match (remembered, account) {
            (Remembered::Right, _) => Ok(true),
            (Remembered::Nothing, Some(account)) => {
                let (id, stored) = (&account.account.id, account.password_hash.clone());
                let asker = Asker::Bind(address, Arc::clone(id));
                let is_right = self.passwords.verify(asker, Some(stored.clone()), password.clone()).await?;
                if is_right {
                    self.proofs.remember(id, stored, &password, Instant::now());
                }
                Ok(is_right)
            }
            _ => self.passwords.verify(Asker::Stranger(address), None, password).await,
        }
    }
}

fn is_allowed(account: &ProvisionedAccount, peer: IpAddr) -> bool {
    account.allowed_ips.is_empty() || account.allowed_ips.iter().any(|net| net.contains(&peer))
}

/// The reason of a refusal, for the log of the house.
fn reason(account: Option<&Arc<ActiveAccount>>, peer: IpAddr) -> &'static str {
    match account {
        None => "unknown system_id",
        Some(account) if !is_allowed(&account.provisioned, peer) => "the address is not allowed",
        Some(_) => "wrong password",
    }
}

impl BindHandler for ClientBinds {
    type Session = BoundSession;

    fn now(&self) -> u64 {
        tollgate_storage::clock::now().0
    }

    async fn bind(&self, request: BindRequest, peer: IpAddr) -> BindOutcome<BoundSession> {
        let system_id = request.system_id.escape_ascii().to_string();
        let account = self.context.snapshot.load().by_system_id(&request.system_id);
        let provisioned = account.as_ref().map(|account| &account.provisioned);
        let may_bind = match self.may_bind(provisioned, peer, request.password).await {
            Ok(may_bind) => may_bind,
            Err(error) => {
                tracing::warn!(system_id, %peer, "bind refused: {error}");
                return BindOutcome::Refused { status: BIND_FAILED, slow_down: true };
            }
        };
        let Some(account) = account.as_ref().filter(|_| may_bind) else {
            tracing::warn!(system_id, %peer, "bind refused: {}", reason(account.as_ref(), peer));
            return BindOutcome::Refused { status: INVALID_PASSWORD, slow_down: true };
        };
        let provisioned = &account.provisioned;
        if !account.runtime.take_bind(provisioned.max_binds) {
            tracing::warn!(system_id, %peer, max_binds = provisioned.max_binds, "bind refused: too many binds");
            return BindOutcome::Refused { status: BIND_FAILED, slow_down: false };
        }
        tracing::info!(system_id, %peer, mode = ?request.mode, version = request.interface_version, "bound");
        let window = provisioned.window.unwrap_or(self.window);
        let short_ids = request.interface_version <= 0x33;
        let session = EsmeSession::new(Arc::clone(&self.context), account, window, short_ids);
        let bind = OpenBind {
            account: Arc::clone(&provisioned.account.id),
            system_id: Arc::clone(&provisioned.system_id),
            system_type: request.system_type.escape_ascii().to_string().into(),
            mode: request.mode,
            interface_version: request.interface_version,
            peer,
            window,
            bound_at: tollgate_storage::clock::now(),
            activity: Arc::default(),
        };
        BindOutcome::Bound {
            session: BoundSession::list(self.context.open_binds(), bind, session),
            window,
            delivery_window: self.context.receipt_window,
        }
    }
}
