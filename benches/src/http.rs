//! A client of the management API that costs next to nothing: one connection that is kept (RFC 9112 §9.3), one request at a
//! time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Failure;

/// How long an answer is waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Octets of an answer's head and of its body, which is more than any that is asked for here.
const ANSWER_OCTETS_MAX: usize = 1 << 22;

/// A connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    /// Host and Authorization, as every request has them.
    headers: String,
    body: Vec<u8>,
}

impl Connection {
    /// Connects; with an access token or an API key, or as nobody.
    pub fn open(address: SocketAddr, token: Option<&str>) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let authorization =
            token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let headers = format!("Host: {address}\r\n{authorization}");
        Ok(Self { stream: BufReader::new(stream), headers, body: Vec::new() })
    }

    /// Reads one thing, and gives the status; the body is read to its end.
    pub fn get(&mut self, path: &str) -> io::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        self.exchange(request.as_bytes())
    }

    /// Reads one thing, which has to be there.
    pub fn read(&mut self, path: &str) -> Result<Value, Failure> {
        let status = self.get(path)?;
        self.answer(path, status)
    }

    /// Posts a body, which has to be taken.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = body.to_string();
        let (headers, octets) = (&self.headers, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\n{headers}Content-Type: application/json\r\nContent-Length: {octets}\r\n\r\n{body}"
        );
        let status = self.exchange(request.as_bytes())?;
        self.answer(path, status)
    }

    fn answer(&self, path: &str, status: u16) -> Result<Value, Failure> {
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&self.body);
            return Err(format!("{path} was answered with {status}: {body}").into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// One write, so that the request is one segment; then the answer with its whole body.
    fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.get_mut().write_all(request)?;
        let mut head = (&mut self.stream).take(ANSWER_OCTETS_MAX as u64);
        let mut line = String::new();
        head.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {line:?}")))?;
        let mut octets = None;
        loop {
            line.clear();
            if head.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    octets = value.trim().parse().ok();
                }
                Some(_) => {}
                None => break,
            }
        }
        let octets: usize = octets.ok_or_else(|| io::Error::other("an answer without a length"))?;
        if octets > ANSWER_OCTETS_MAX {
            return Err(io::Error::other("an answer that is too long"));
        }
        self.body.resize(octets, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
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
        let mut connection = Connection::open(address, Some("key")).unwrap();
        assert_eq!(connection.read("/one").unwrap(), serde_json::json!([1]));
        assert_eq!(connection.get("/two").unwrap(), 404);
        let asked = server.join().unwrap();
        assert_eq!(asked.iter().filter(|line| line.starts_with("GET /")).count(), 2, "{asked:?}");
        assert!(asked.contains(&"Authorization: Bearer key".to_owned()), "{asked:?}");
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
        assert!(Connection::open(address, None).unwrap().get("/").is_err());
        server.join().unwrap();
    }
}
