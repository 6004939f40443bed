//! A client of the management API: one connection that is kept, and one request at a time.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Response, header};
use ureq::{Agent, Body, RequestBuilder};

use crate::Failure;

/// Time that an answer has.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The most octets of a body, which is more than any that is asked for here.
const ANSWER_OCTETS_MAX: u64 = 1 << 22;

/// A client that keeps its connection.
pub struct Connection {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

impl Connection {
    /// A client of the server at `address`, with an access token or an API key, or with neither.
    pub fn new(address: SocketAddr, token: Option<&str>) -> Self {
        let config = Agent::config_builder().timeout_global(Some(ANSWER_TIMEOUT)).http_status_as_error(false);
        let authorization = token.map(|token| format!("Bearer {token}"));
        Self { agent: config.build().into(), base: format!("http://{address}"), authorization }
    }

    /// Asks for `path`, and gives the status; the body is read to its end.
    pub fn get(&self, path: &str) -> Result<u16, ureq::Error> {
        let (status, _) = body(self.authorized(self.agent.get(self.url(path))).call()?)?;
        Ok(status)
    }

    /// Asks for `path`, which must be answered with a success, and reads the answer.
    pub fn read(&self, path: &str) -> Result<Value, Failure> {
        success(path, body(self.authorized(self.agent.get(self.url(path))).call()?)?)
    }

    /// Posts a body, which must be answered with a success, and reads the answer.
    pub fn post(&self, path: &str, new: &Value) -> Result<Value, Failure> {
        let request = self.authorized(self.agent.post(self.url(path)));
        let response = request.header(header::CONTENT_TYPE, "application/json").send(&new.to_string())?;
        success(path, body(response)?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }
}

/// The status and the whole body.
fn body(mut response: Response<Body>) -> Result<(u16, Vec<u8>), ureq::Error> {
    let octets = response.body_mut().with_config().limit(ANSWER_OCTETS_MAX).read_to_vec()?;
    Ok((response.status().as_u16(), octets))
}

fn success(path: &str, (status, body): (u16, Vec<u8>)) -> Result<Value, Failure> {
    if !(200..300).contains(&status) {
        let body = String::from_utf8_lossy(&body);
        return Err(format!("{path} was answered with {status}: {body}").into());
    }
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn answers_on_one_connection_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let mut asked = Vec::new();
            for answer in ["200 OK\r\nContent-Length: 3\r\n\r\n[1]", "404 No\r\ncontent-length: 0\r\n\r\n"] {
                asked.extend(lines.by_ref().take_while(|line| !line.is_empty()));
                (&stream).write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
            }
            asked
        });
        let connection = Connection::new(address, Some("key"));
        assert_eq!(connection.read("/one").unwrap(), serde_json::json!([1]));
        assert_eq!(connection.get("/two").unwrap(), 404);
        let asked = server.join().unwrap();
        assert_eq!(asked.iter().filter(|line| line.starts_with("GET /")).count(), 2, "{asked:?}");
        assert!(asked.contains(&"authorization: Bearer key".to_owned()), "{asked:?}");
    }

    #[test]
    fn an_answer_that_is_cut_short_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok).find(String::is_empty);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}").unwrap();
        });
        assert!(Connection::new(address, None).get("/").is_err());
        server.join().unwrap();
    }
}
