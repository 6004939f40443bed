//! Reads counters off a Prometheus endpoint.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The text of `/metrics`.
pub fn metrics(endpoint: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&endpoint, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /metrics HTTP/1.0\r\nHost: {endpoint}\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    if head.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other(format!(
            "{endpoint}/metrics answered {:?}",
            head.lines().next().unwrap_or_default()
        )))
    }
}

/// The values of the counter `name` that are not zero, by the value of their one label.
pub fn by_label(metrics: &str, name: &str) -> Vec<(String, u64)> {
    let series = metrics.lines().filter_map(|line| {
        let (label, value) = line.strip_prefix(name)?.strip_prefix('{')?.split_once("\"} ")?;
        let (_, label) = label.split_once("=\"")?;
        Some((label.to_owned(), value.parse().ok()?))
    });
    series.filter(|(_, value)| *value > 0).collect()
}

/// The value of the series with exactly these labels; zero where there is none.
pub fn value(metrics: &str, name: &str, labels: &str) -> u64 {
    let series = format!("{name}{{{labels}}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&series));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const TEXT: &str = "# TYPE tollgate_refusals_total counter\n\
        tollgate_refusals_total{reason=\"insufficient_funds\"} 1204\n\
        tollgate_refusals_total{reason=\"throttled\"} 0\n\
        tollgate_refusals_total_other{reason=\"x\"} 3\n\
        tollgate_refusals_total{reason=\"too_long\"} 17\n";

    #[test]
    fn counters_are_found_by_label() {
        let expected = [("insufficient_funds".to_owned(), 1204), ("too_long".to_owned(), 17)];
        assert_eq!(by_label(TEXT, "tollgate_refusals_total"), expected);
    }

    #[test]
    fn the_body_is_what_is_returned() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            for response in ["HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody\n", "HTTP/1.0 404 Not Found\r\n\r\n"] {
                let mut stream = listener.accept().unwrap().0;
                let mut request = BufReader::new(&stream).lines().map(Result::unwrap);
                assert_eq!(request.next().as_deref(), Some("GET /metrics HTTP/1.0"));
                assert!(request.any(|line| line.is_empty()), "the end of the request");
                stream.write_all(response.as_bytes()).unwrap();
            }
        });
        assert_eq!(metrics(endpoint).unwrap(), "body\n");
        assert!(metrics(endpoint).is_err());
        server.join().unwrap();
    }
}
