//! What stands behind the API: the office, which knows the books. The daemon implements it, area by area.
//!
//! Its functions may wait for the disk and are called on threads that may ([`crate::call`]). Each is told who calls and sees
//! to it that nobody reaches what is not theirs; what somebody may not know of is not found.

use std::net::IpAddr;

use crate::accounts::AccountsOffice;
use crate::alerts::AlertsOffice;
use crate::answer::Answer;
use crate::audit::AuditOffice;
use crate::auth::AuthOffice;
use crate::caller::Caller;
use crate::cdrs::CdrsOffice;
use crate::charges::ChargesOffice;
use crate::dispatches::DispatchesOffice;
use crate::invoices::InvoicesOffice;
use crate::keys::KeysOffice;
use crate::nicknames::NicknamesOffice;
use crate::operators::OperatorsOffice;
use crate::plans::PlansOffice;
use crate::rate_cards::RateCardsOffice;
use crate::tariffs::TariffsOffice;
use crate::templates::TemplatesOffice;
use crate::usage::UsageOffice;
use crate::users::UsersOffice;
use crate::wallets::WalletsOffice;
use crate::wecall::WecallOffice;

/// Everything that handlers ask for.
pub trait Office:
    DoorOffice
    + AccountsOffice
    + WalletsOffice
    + ChargesOffice
    + CdrsOffice
    + DispatchesOffice
    + OperatorsOffice
    + PlansOffice
    + RateCardsOffice
    + TariffsOffice
    + UsageOffice
    + InvoicesOffice
    + AlertsOffice
    + WecallOffice
    + AuthOffice
    + UsersOffice
    + KeysOffice
    + AuditOffice
    + NicknamesOffice
    + TemplatesOffice
{
}

impl<T> Office for T where
    T: DoorOffice
        + AccountsOffice
        + WalletsOffice
        + ChargesOffice
        + CdrsOffice
        + DispatchesOffice
        + OperatorsOffice
        + PlansOffice
        + RateCardsOffice
        + TariffsOffice
        + UsageOffice
        + InvoicesOffice
        + AlertsOffice
        + WecallOffice
        + AuthOffice
        + UsersOffice
        + KeysOffice
        + AuditOffice
        + NicknamesOffice
        + TemplatesOffice
{
}

/// What the gate asks before a handler is called. It is called on the runtime's threads and must not wait.
pub trait DoorOffice: Send + Sync + 'static {
    /// Who has this access token or API key, calling from this address.
    fn authenticate(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Caller>;

    /// Whether one more request of this caller, or from this address where nobody is logged in, is within its rate.
    fn admit(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Answer<()>;

    /// An id for a request that brings none.
    fn new_request_id(&self) -> String;
}
