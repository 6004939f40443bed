//! Coming in: log in and out, register, prove an e-mail address, change or reset a password.

mod dto;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Rule, Who, rule};
use crate::answer::{Answer, Gone};
use crate::call::call;
use crate::caller::Caller;
use crate::extract::{Body, OptionalBody, PUBLIC_OCTETS_MAX, Path, Peer};
use crate::openapi::Problems;
use crate::request_id::RequestId;
use crate::users::User;

pub use dto::{
    Login, Logout, MailPromise, PasswordChange, Refresh, Registration, ResetConfirmation, ResetRequest,
    Tokens, Verified,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/v1/auth/register", Who::Anybody),
    rule("POST", "/v1/auth/login", Who::Anybody),
    rule("POST", "/v1/auth/refresh", Who::Anybody),
    rule("POST", "/v1/auth/logout", Who::Users),
    rule("POST", "/v1/auth/change-password", Who::Users),
    rule("POST", "/v1/auth/reset-password", Who::Anybody),
    rule("POST", "/v1/auth/reset-password/confirm", Who::Anybody),
    rule("GET", "/v1/auth/verify-email/{token}", Who::Anybody),
    rule("GET", "/v1/auth/me", Who::Users),
];

/// Begins and ends sessions, and changes passwords. Where nobody is logged in, the request's id is an
/// argument of its own.
pub trait AuthService: Send + Sync + 'static {
    /// Remembers who wants an account, and has a mail sent. The answer is the same whether the address is
    /// known or not.
    fn register(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        registration: Registration,
    ) -> Answer<MailPromise>;

    /// Begins a session. Unknown address, wrong password and disabled user are answered alike, after the same
    /// work. While passwords for an address count for nothing, right ones and wrong ones are.
    fn login(&self, request_id: &str, peer: Option<IpAddr>, login: &Login) -> Answer<Tokens>;

    /// Goes on with a session, whose refresh token is another one from here on. One that was used before ends
    /// the session.
    fn refresh(&self, request_id: &str, refresh: &Refresh) -> Answer<Tokens>;

    /// Ends the caller's session, or all of the caller's.
    fn logout(&self, caller: &Caller, logout: &Logout) -> Answer<()>;

    /// Sets another password, and ends the caller's other sessions.
    fn change_password(&self, caller: &Caller, change: &PasswordChange) -> Answer<()>;

    /// Has a mail sent with which the password can be set. The answer is the same whether the address is
    /// known or not.
    fn request_reset(&self, request_id: &str, reset: ResetRequest) -> Answer<MailPromise>;

    /// Sets the password by a token that came by mail, and ends all sessions of the user.
    fn confirm_reset(
        &self,
        request_id: &str,
        peer: Option<IpAddr>,
        confirmation: &ResetConfirmation,
    ) -> Answer<()>;

    /// Proves an e-mail address by the token that was sent to it, and makes the account that goes with it.
    fn verify_email(&self, request_id: &str, token: &str) -> Answer<Verified>;

    /// The user who calls.
    fn me(&self, caller: &Caller) -> Answer<User>;
}

type Service = Arc<dyn AuthService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn AuthService>> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(change_password))
        .routes(routes!(request_reset))
        .routes(routes!(confirm_reset))
        .routes(routes!(verify_email))
        .routes(routes!(me))
        .layer(DefaultBodyLimit::max(PUBLIC_OCTETS_MAX))
}

/// Register
///
/// For an account of one's own, where the configuration allows that. The answer is the same whether the
/// address is known already; the mail says it. Logging in works once the link of the mail was opened.
#[utoipa::path(post, path = "/v1/auth/register", tag = "auth", operation_id = "register", security(()),
    request_body = Registration,
    responses((status = 202, description = "A mail is on its way", body = MailPromise), Problems))]
async fn register(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(registration): Body<Registration>,
) -> Answer<(StatusCode, Json<MailPromise>)> {
    let promise = call(service, move |service| service.register(&request_id, peer, registration)).await?;
    Ok((StatusCode::ACCEPTED, Json(promise)))
}

/// Log in
///
/// After five failures within half an hour the user is locked for the network address that they come from: for two
/// minutes, then for twice as long each time, up to half an hour. Others are not locked out with it. Failures from many
/// networks make further tries wait, up to a minute, except from networks that the user logged in from within three
/// months. Unknown address, wrong password and disabled user are answered alike, with `invalid_credentials`. While a user
/// is locked or has to wait, a password counts for nothing and is answered with `too_many_requests` and `Retry-After`,
/// whether it is right or wrong and whether or not the address is known: a right password is never called wrong.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", operation_id = "login", security(()),
    request_body = Login,
    responses((status = 200, description = "The tokens of a new session", body = Tokens), Problems))]
async fn login(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(login): Body<Login>,
) -> Answer<Json<Tokens>> {
    call(service, move |service| service.login(&request_id, peer, &login)).await.map(Json)
}

/// Get new tokens
///
/// A refresh token holds for one use. Whoever uses one a second time ends the session: one of the two has
/// stolen it.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", operation_id = "refresh", security(()),
    request_body = Refresh,
    responses((status = 200, description = "The tokens from here on", body = Tokens), Problems))]
async fn refresh(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Body(refresh): Body<Refresh>,
) -> Answer<Json<Tokens>> {
    call(service, move |service| service.refresh(&request_id, &refresh)).await.map(Json)
}

/// Log out
///
/// The session's tokens no longer hold, from this instant on.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", operation_id = "logout", request_body = Option<Logout>,
    responses((status = 204, description = "The session has ended"), Problems))]
async fn logout(
    State(service): State<Service>,
    caller: Caller,
    OptionalBody(logout): OptionalBody<Logout>,
) -> Answer<Gone> {
    call(service, move |service| service.logout(&caller, &logout)).await?;
    Ok(Gone)
}

/// Change the password
///
/// The session stays; all others of the user end, and mailed tokens too. A wrong password counts as a failed
/// login.
#[utoipa::path(post, path = "/v1/auth/change-password", tag = "auth", operation_id = "change_password",
    request_body = PasswordChange,
    responses((status = 204, description = "The new password holds"), Problems))]
async fn change_password(
    State(service): State<Service>,
    caller: Caller,
    Body(change): Body<PasswordChange>,
) -> Answer<Gone> {
    call(service, move |service| service.change_password(&caller, &change)).await?;
    Ok(Gone)
}

/// Request a mail to reset the password
///
/// The answer is the same whether somebody has the address. The token of the mail holds for an hour and one
/// use.
#[utoipa::path(post, path = "/v1/auth/reset-password", tag = "auth", operation_id = "request_password_reset",
    security(()), request_body = ResetRequest,
    responses((status = 202, description = "A mail is on its way if somebody has the address", body = MailPromise), Problems))]
async fn request_reset(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Body(reset): Body<ResetRequest>,
) -> Answer<(StatusCode, Json<MailPromise>)> {
    let promise = call(service, move |service| service.request_reset(&request_id, reset)).await?;
    Ok((StatusCode::ACCEPTED, Json(promise)))
}

/// Set the password by a token of a mail
///
/// All sessions of the user end, and a lock is lifted.
#[utoipa::path(post, path = "/v1/auth/reset-password/confirm", tag = "auth", operation_id = "confirm_password_reset",
    security(()), request_body = ResetConfirmation,
    responses((status = 204, description = "The new password holds"), Problems))]
async fn confirm_reset(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(confirmation): Body<ResetConfirmation>,
) -> Answer<Gone> {
    call(service, move |service| service.confirm_reset(&request_id, peer, &confirmation)).await?;
    Ok(Gone)
}

/// Verify an e-mail address
///
/// The link of the mail that follows a registration. It holds for a day and one use; the account exists from
/// then on.
#[utoipa::path(get, path = "/v1/auth/verify-email/{token}", tag = "auth", operation_id = "verify_email", security(()),
    params(("token" = String, Path, description = "As it stands in the mail")),
    responses((status = 200, description = "The address is verified", body = Verified), Problems))]
async fn verify_email(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Path(token): Path<String>,
) -> Answer<Json<Verified>> {
    call(service, move |service| service.verify_email(&request_id, &token)).await.map(Json)
}

/// Read the user who is logged in
#[utoipa::path(get, path = "/v1/auth/me", tag = "auth", operation_id = "me",
    responses((status = 200, description = "The user", body = User), Problems))]
async fn me(State(service): State<Service>, caller: Caller) -> Answer<Json<User>> {
    call(service, move |service| service.me(&caller)).await.map(Json)
}
