//! Requests to providers of payments: bounded in time and size, without proxies and redirects. Nothing of a request is logged, as
//! keys are in its head.

use std::time::Duration;

use serde_json::Value;

/// Octets of an answer that is read.
const ANSWER_OCTETS_MAX: u64 = 4 << 20;
/// Longest time until there is a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The client of one provider.
#[derive(Debug)]
pub struct HttpClient {
    agent: ureq::Agent,
    base: String,
}

/// A request to a provider.
#[derive(Debug, Default)]
pub struct HttpRequest<'r> {
    pub method: &'r str,
    /// Path and query, behind the provider's address.
    pub path: &'r str,
    pub headers: Vec<(&'r str, String)>,
    pub body: Vec<u8>,
}

/// The answer to it.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    /// Null where the body is no JSON.
    pub json: Value,
    pub is_empty: bool,
}

impl HttpClient {
    /// Of a provider at this address, which has so many seconds for an answer.
    pub fn new(base: &str, timeout_seconds: u32) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(timeout_seconds.into())))
            .timeout_connect(Some(CONNECT_MAX))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent("tollgate")
            .build();
        Self { agent: ureq::Agent::new_with_config(config), base: base.to_owned() }
    }

    /// Sends a request and reads the answer. The error says that there was none, and why.
    pub fn send(&self, request: HttpRequest<'_>) -> Result<HttpAnswer, String> {
        let mut built = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.base, request.path));
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        let built = built.body(request.body).map_err(|_| "the request cannot be written".to_owned())?;
        let mut answer = self.agent.run(built).map_err(|error| error.to_string())?;
        let body = answer.body_mut().with_config().limit(ANSWER_OCTETS_MAX).read_to_vec();
        let body = body.map_err(|error| format!("the answer was cut short: {error}"))?;
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(HttpAnswer { status: answer.status().as_u16(), json, is_empty: body.is_empty() })
    }
}

/// A text of an answer, if it is there.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}
