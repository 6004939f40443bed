//! The cookie of a browser's session, and the signs that a request comes from a page of this daemon.
//!
//! A browser sends the cookie along with what other sites have it ask for, too. `SameSite=Lax` keeps it from all such requests
//! but links, so that somebody who comes back from a payment provider or a mail is still logged in. A request that may change
//! something also needs the token of the session in a header, which no other site can read or send.

use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::Problem;

/// The header that has the session's token in every request that is not safe (RFC 9110 §9.2.1).
pub const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// The word of a browser about the page that has made it ask.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The name of the cookie where it goes over any connection.
const NAME: &str = "tollgate_session";
/// The name where it goes over TLS alone: with this beginning no other host, and no plain connection, can set it.
const SECURE_NAME: &str = "__Host-tollgate_session";

/// The form of the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// True if browsers send it over TLS alone.
    pub is_secure: bool,
    /// Seconds for which browsers keep it. A session may end earlier.
    pub max_age_seconds: u64,
    /// The address at which browsers see the daemon, such as `https://sms.example.com`.
    pub public_url: String,
}

impl SessionCookie {
    /// The name of the cookie.
    pub fn name(&self) -> &'static str {
        if self.is_secure { SECURE_NAME } else { NAME }
    }

    /// The header of an answer that has the browser keep the cookie.
    pub(crate) fn kept(&self, value: &str) -> (HeaderName, HeaderValue) {
        self.header(value, self.max_age_seconds)
    }

    /// The header of an answer that has the browser forget it.
    pub(crate) fn forgotten(&self) -> (HeaderName, HeaderValue) {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age_seconds: u64) -> (HeaderName, HeaderValue) {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = self.name();
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}");
        // A cookie of ours has characters of headers alone; another value would clear it.
        let mut header = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        (SET_COOKIE, header)
    }

    /// The value of the cookie in a request that has it.
    pub(crate) fn of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.split_once('='));
        let mut values =
            cookies.filter(|(name, _)| name.trim() == self.name()).map(|(_, value)| value.trim());
        values.next().filter(|value| !value.is_empty())
    }

    /// Refuses a request that another site's page makes a browser send. Programs that are no browsers say nothing of it.
    pub(crate) fn check_site(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let site = headers.get(SEC_FETCH_SITE).map(|site| site.to_str().unwrap_or_default());
        if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Err(Problem::csrf_refused("the browser says that a page of another site asks for this"));
        }
        let Some(origin) = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) else {
            return Ok(());
        };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_host = origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host));
        if is_host || origin.eq_ignore_ascii_case(origin_of(&self.public_url)) {
            return Ok(());
        }
        Err(Problem::csrf_refused("the page that asks for this is not one of this daemon"))
    }

    /// Refuses a request that may change something and does not come from a page that has read the session's token.
    pub(crate) fn check_page(&self, headers: &HeaderMap, token: &str) -> Result<(), Problem> {
        self.check_site(headers)?;
        let sent = headers.get(CSRF_TOKEN).map(HeaderValue::as_bytes).unwrap_or_default();
        if is_same(sent, token.as_bytes()) {
            return Ok(());
        }
        Err(Problem::csrf_refused(
            "a request with a cookie that is not GET or HEAD needs the header X-CSRF-Token with the `csrf_token` of \
             `GET /v1/session`",
        ))
    }
}

/// Scheme, host and port of an address (RFC 6454 §6.2).
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.get(..path).unwrap_or(url)
}

/// True if both are the same text and not empty. The time that it takes tells nothing of the place at which they differ.
fn is_same(sent: &[u8], token: &[u8]) -> bool {
    let differing = sent.iter().zip(token).fold(0, |differing, (one, other)| differing | (one ^ other));
    !token.is_empty() && sent.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(is_secure: bool) -> SessionCookie {
        let public_url = "https://sms.example.com/tollgate".to_owned();
        SessionCookie { is_secure, max_age_seconds: 60, public_url }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn no_script_reads_the_cookie_and_over_tls_no_other_host_sets_it() {
        let (name, value) = cookie(false).kept("tb_1_x");
        assert_eq!(name, SET_COOKIE);
        assert_eq!(value, "tollgate_session=tb_1_x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        let (_, value) = cookie(true).kept("tb_1_x");
        assert_eq!(
            value,
            "__Host-tollgate_session=tb_1_x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let (_, value) = cookie(false).forgotten();
        assert_eq!(value, "tollgate_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        assert!(value.is_sensitive());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let of = |line: &str| cookie(false).of(&headers(&[("cookie", line)])).map(str::to_owned);
        assert_eq!(of("theme=dark; tollgate_session=abc; x=1").as_deref(), Some("abc"));
        assert_eq!(of("tollgate_session=abc").as_deref(), Some("abc"));
        for line in [
            "",
            "tollgate_session=",
            "xtollgate_session=abc",
            "__Host-tollgate_session=abc",
            "tollgate_session",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
        let secure = cookie(true);
        assert_eq!(secure.of(&headers(&[("cookie", "__Host-tollgate_session=abc")])), Some("abc"));
        assert_eq!(
            secure.of(&headers(&[("cookie", "tollgate_session=abc")])),
            None,
            "set over a plain connection"
        );
    }

    #[test]
    fn a_page_of_this_daemon_and_no_other_changes_something() {
        let host = ("host", "127.0.0.1:8080");
        let token = ("x-csrf-token", "secret");
        let own = ("origin", "http://127.0.0.1:8080");
        for good in [
            vec![host, token],
            vec![host, token, own],
            vec![host, token, own, ("sec-fetch-site", "same-origin")],
            vec![host, token, ("sec-fetch-site", "none")],
            vec![host, token, ("origin", "https://sms.example.com")],
        ] {
            assert_eq!(cookie(false).check_page(&headers(&good), "secret"), Ok(()), "{good:?}");
        }
        for bad in [
            vec![host],
            vec![host, ("x-csrf-token", "")],
            vec![host, ("x-csrf-token", "secre")],
            vec![host, ("x-csrf-token", "secret ")],
            vec![host, own, ("sec-fetch-site", "same-origin")],
            vec![host, token, ("origin", "https://evil.example")],
            vec![host, token, ("origin", "null")],
            vec![host, token, ("origin", "https://sms.example.com.evil.example")],
            vec![host, token, own, ("sec-fetch-site", "cross-site")],
            vec![host, token, own, ("sec-fetch-site", "same-site")],
        ] {
            let refused = cookie(false).check_page(&headers(&bad), "secret");
            assert_eq!(refused.unwrap_err().code, "csrf_refused", "{bad:?}");
        }
        let empty = cookie(false).check_page(&headers(&[host, ("x-csrf-token", "")]), "");
        assert!(empty.is_err(), "no token is the right one where there is none");
    }
}
