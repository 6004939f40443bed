//! A client of the management API: plain HTTP over a socket, so that it shares nothing with the server.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Stdio;

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::sandbox::Sandbox;
use super::wait::SOON;

pub const ADMIN_EMAIL: &str = "admin@example.com";
pub const ADMIN_PASSWORD: &str = "correct horse 7 staple";

/// The caller of the API, and its address.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    /// The address that it connects from, where it is not any.
    source: Option<IpAddr>,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Null where the body is no JSON.
    pub json: Value,
}

impl Api {
    /// A caller without a token.
    pub fn anonymous(daemon: &Daemon) -> Self {
        Self::at(daemon.http)
    }

    pub fn at(address: SocketAddr) -> Self {
        Self { address, source: None, token: None, headers: Vec::new() }
    }

    /// The admin that [`create_admin`] made.
    pub fn admin(daemon: &Daemon) -> Self {
        Self::login(daemon, ADMIN_EMAIL, ADMIN_PASSWORD)
    }

    pub fn login(daemon: &Daemon, email: &str, password: &str) -> Self {
        let anonymous = Self::anonymous(daemon);
        let answer = anonymous.post("/v1/auth/login", &json!({ "email": email, "password": password }));
        assert_eq!(answer.status, 200, "{email} logs in: {}", answer.json);
        anonymous.with_token(answer.json["access_token"].as_str().expect("an access token"))
    }

    /// The same at another start of the daemon.
    pub fn at_daemon(&self, daemon: &Daemon) -> Self {
        Self { address: daemon.http, ..self.clone() }
    }

    /// The same from another address of this machine, such as 127.0.0.2.
    pub fn from(&self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self.clone() }
    }

    /// The same with another access token or API key.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same with one more header.
    pub fn header(&self, name: &str, value: &str) -> Self {
        let mut api = self.clone();
        api.headers.push((name.to_owned(), value.to_owned()));
        api
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some((body.to_string().into_bytes(), "application/json")))
    }

    /// A POST without a body.
    pub fn order(&self, path: &str) -> Reply {
        self.send("POST", path, None)
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, Some((body.to_string().into_bytes(), "application/json")))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, Some((body.to_string().into_bytes(), "application/json")))
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None)
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let Some(source) = self.source else { return TcpStream::connect(self.address) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind((source, 0).into())?;
            socket.connect(self.address).await?.into_std()
        })?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// Any request; the answer is read to the end of the connection.
    pub fn send(&self, method: &str, path: &str, body: Option<(Vec<u8>, &str)>) -> Reply {
        self.try_send(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The same where the daemon may be gone.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<(Vec<u8>, &str)>,
    ) -> std::io::Result<Reply> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(SOON))?;
        let (octets, kind) = body.unwrap_or_default();
        let mut head = vec![
            format!("{method} {path} HTTP/1.1"),
            format!("Host: {}", self.address),
            "Connection: close".to_owned(),
            format!("Content-Length: {}", octets.len()),
        ];
        head.extend(self.token.iter().map(|token| format!("Authorization: Bearer {token}")));
        head.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if !kind.is_empty() {
            head.push(format!("Content-Type: {kind}"));
        }
        let head = head.join("\r\n") + "\r\n\r\n";
        stream.write_all(&[head.as_bytes(), &octets].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Reply::read(&answer).ok_or_else(|| std::io::Error::other("the answer was cut short"))
    }
}

impl Reply {
    fn read(octets: &[u8]) -> Option<Self> {
        let end = octets.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&octets[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let rest = &octets[end + 4..];
        let body = if chunked { joined(rest)? } else { rest.to_vec() };
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let whole = length.is_none_or(|(_, length)| length.parse() == Ok(body.len()));
        let json = serde_json::from_slice(&body).unwrap_or_default();
        whole.then_some(Self { status, headers, body, json })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The answer, which has to have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of a problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }
}

/// Puts the chunks of a body together (RFC 9112 §7.1); `None` where the last one is missing.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Makes the first admin in the sandbox's books; the daemon must not run.
pub fn create_admin(sandbox: &Sandbox) {
    let mut command = sandbox.tollgate("admin");
    command.args(["create", "--email", ADMIN_EMAIL, "--data-dir"]).arg(sandbox.data_dir());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    writeln!(stdin, "{ADMIN_PASSWORD}").expect("the password is read");
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A daemon with an admin.
pub fn start_with_admin(sandbox: &Sandbox) -> (Daemon, Api) {
    create_admin(sandbox);
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    (daemon, api)
}
