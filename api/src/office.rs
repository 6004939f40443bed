//! What stands behind the API: the office, which knows the books. The daemon implements it, area by area.
//!
//! Its functions may wait for the disk and are called on threads that may ([`crate::call`]). Each is told who calls and sees
//! to it that nobody reaches what is not theirs; what somebody may not know of is not found.

use std::net::IpAddr;

use crate::accounts::AccountsService;
use crate::alerts::AlertsService;
use crate::answer::Answer;
use crate::audit::AuditService;
use crate::auth::AuthService;
use crate::caller::Caller;
use crate::cdrs::CdrsService;
use crate::charges::ChargesService;
use crate::dispatches::DispatchesService;
use crate::invoices::InvoicesService;
use crate::keys::KeysService;
use crate::nicknames::NicknamesService;
use crate::operators::OperatorsService;
use crate::plans::PlansService;
use crate::rate_cards::RateCardsService;
use crate::tariffs::TariffsService;
use crate::templates::TemplatesService;
use crate::usage::UsageService;
use crate::users::UsersService;
use crate::wallets::WalletsService;
use crate::wecall::WecallService;

/// Everything that handlers ask for.
pub trait Office:
    AuthenticationService
    + AccountsService
    + WalletsService
    + ChargesService
    + CdrsService
    + DispatchesService
    + OperatorsService
    + PlansService
    + RateCardsService
    + TariffsService
    + UsageService
    + InvoicesService
    + AlertsService
    + WecallService
    + AuthService
    + UsersService
    + KeysService
    + AuditService
    + NicknamesService
    + TemplatesService
{
}

impl<T> Office for T where
    T: AuthenticationService
        + AccountsService
        + WalletsService
        + ChargesService
        + CdrsService
        + DispatchesService
        + OperatorsService
        + PlansService
        + RateCardsService
        + TariffsService
        + UsageService
        + InvoicesService
        + AlertsService
        + WecallService
        + AuthService
        + UsersService
        + KeysService
        + AuditService
        + NicknamesService
        + TemplatesService
{
}

/// What the gate asks before a handler is called. It is called on the runtime's threads and must not wait.
pub trait AuthenticationService: Send + Sync + 'static {
    /// Who has this access token or API key, calling from this address.
    fn authenticate(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Caller>;

    /// Whether one more request of this caller, or from this address where nobody is logged in, is within its rate.
    fn admit(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Answer<()>;

    /// An id for a request that brings none.
    fn new_request_id(&self) -> String;
}
