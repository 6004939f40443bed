//! A daemon elsewhere, over its management API, as the user who has logged in.

mod logins;

use std::time::Duration;

use serde_json::{Value, json};

use crate::api_call::{ApiCall, ApiReply};
use crate::failure::Failure;

use logins::{Login, Logins};

/// The longest time of a request, which is longer than that of the daemon.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Octets of an answer at most.
const ANSWER_OCTETS_MAX: u64 = 64 << 20;
/// The status of an access token that is no longer valid.
const UNAUTHENTICATED: u16 = 401;

/// A daemon elsewhere.
#[derive(Debug)]
pub struct RemoteDaemon {
    url: String,
}

impl RemoteDaemon {
    /// The daemon at a URL, or the one that was logged in to last.
    pub fn logged_in(url: Option<&str>) -> Result<Self, Failure> {
        let url = url.map(checked_url).transpose()?;
        let logins = Logins::read()?;
        let found = logins.find(url.as_deref()).map(|login| Self { url: login.url.clone() });
        found.ok_or_else(|| match url {
            Some(url) => format!("not logged in to {url}: run `tollgate login {url}`").into(),
            None => "not logged in to any daemon: run `tollgate login URL`".into(),
        })
    }

    /// Logs a user in, and keeps the token among the user's own files.
    pub fn log_in(url: &str, email: &str, password: &str) -> Result<Self, Failure> {
        let url = checked_url(url)?;
        let body = json!({ "email": email, "password": password });
        let tokens = send(&url, &ApiCall::post("/v1/auth/login", Some(body)), None)?.value()?;
        let login = login_of(&url, email, &tokens)?;
        Logins::update(|logins| {
            logins.put(login);
            Ok(())
        })?;
        Ok(Self { url })
    }

    /// Forgets the token of a daemon, or of the one that was logged in to last, and has the daemon forget it.
    pub fn log_out(url: Option<&str>) -> Result<Self, Failure> {
        let remote = Self::logged_in(url)?;
        // A daemon that cannot be reached forgets the token by itself when its time is over.
        let _ = remote.call(&ApiCall::post("/v1/auth/logout", None));
        Logins::update(|logins| {
            logins.remove(&remote.url);
            Ok(())
        })?;
        Ok(remote)
    }

    /// The address of the daemon.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has a request answered. The access token is renewed where it is no longer valid.
    pub fn call(&self, call: &ApiCall) -> Result<ApiReply, Failure> {
        let logins = Logins::read()?;
        let login = logins.find(Some(&self.url)).ok_or("the login was removed meanwhile")?;
        let reply = send(&self.url, call, Some(&login.access_token))?;
        if reply.status != UNAUTHENTICATED {
            return Ok(reply);
        }
        send(&self.url, call, Some(&self.renewed()?))
    }

    /// A new access token. One command at a time renews it, as each refresh token holds once.
    fn renewed(&self) -> Result<String, Failure> {
        let mut access_token = String::new();
        Logins::update(|logins| {
            let login = logins.find(Some(&self.url)).ok_or("the login was removed meanwhile")?.clone();
            let body = json!({ "refresh_token": login.refresh_token });
            let reply = send(&self.url, &ApiCall::post("/v1/auth/refresh", Some(body)), None)?;
            let over = || format!("the login has ended: run `tollgate login {}` again", self.url);
            let tokens = reply.value().map_err(|_| over())?;
            let login = login_of(&self.url, &login.email, &tokens)?;
            access_token.clone_from(&login.access_token);
            logins.put(login);
            Ok(())
        })?;
        Ok(access_token)
    }
}

fn login_of(url: &str, email: &str, tokens: &Value) -> Result<Login, Failure> {
    let token = |name: &str| {
        let token = tokens[name].as_str().map(ToOwned::to_owned);
        token.ok_or_else(|| Failure::from(format!("the daemon's answer has no {name}")))
    };
    Ok(Login {
        url: url.to_owned(),
        email: email.to_owned(),
        access_token: token("access_token")?,
        refresh_token: token("refresh_token")?,
    })
}

/// An address that a password may be sent to: over TLS, or on this machine.
pub fn checked_url(url: &str) -> Result<String, Failure> {
    let url = url.trim_end_matches('/');
    let authority = |scheme: &str| url.strip_prefix(scheme).filter(|rest| !rest.is_empty());
    if authority("https://").is_some() {
        return Ok(url.to_owned());
    }
    let Some(authority) = authority("http://") else {
        return Err(format!("`{url}` is not an address such as https://tollgate.example.com").into());
    };
    let host = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let is_local = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
    if is_local && !host.contains('@') {
        return Ok(url.to_owned());
    }
    Err(format!("`{url}`: a password and tokens go to another machine over https alone").into())
}

fn send(url: &str, call: &ApiCall, token: Option<&str>) -> Result<ApiReply, Failure> {
    let failed = |error: ureq::Error| match error {
        ureq::Error::Io(error) => format!("{url} cannot be reached: {error}"),
        error => format!("{url} cannot be asked: {error}"),
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent("tollgate")
        .build();
    let agent: ureq::Agent = config.into();
    let mut request = ureq::http::Request::builder()
        .method(&*call.method)
        .uri(format!("{url}{}", call.path))
        .header("Content-Type", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if let Some(key) = &call.idempotency_key {
        request = request.header("Idempotency-Key", key);
    }
    let body = call.body.as_ref().map(Value::to_string);
    let answer = match body {
        Some(body) => agent.run(request.body(body).map_err(|error| error.to_string())?),
        None => agent.run(request.body(()).map_err(|error| error.to_string())?),
    };
    let mut answer = answer.map_err(failed)?;
    let (status, replayed) =
        (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
    let text = answer.body_mut().with_config().limit(ANSWER_OCTETS_MAX).read_to_string().map_err(failed)?;
    Ok(ApiReply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), replayed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_leave_the_machine_over_tls_alone() {
        for good in [
            "https://tollgate.example.com/",
            "http://localhost:8080",
            "http://[::1]:8080",
            "http://127.0.0.1",
        ] {
            assert!(checked_url(good).is_ok(), "{good}");
        }
        for bad in [
            "tollgate.example.com",
            "https://",
            "http://tollgate.example.com",
            "http://localhost.example.com",
            "http://localhost@example.com",
            "http://127.0.0.1:1@example.com",
            "ftp://localhost",
        ] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }
}
