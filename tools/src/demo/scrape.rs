//! Reads counters from a Prometheus endpoint.

use std::net::SocketAddr;
use std::time::Duration;

use ureq::Agent;

/// Time that one request has.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The text of `/metrics`. An error where the status is not a success.
pub fn metrics(endpoint: SocketAddr) -> Result<String, ureq::Error> {
    let agent: Agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
    agent.get(format!("http://{endpoint}/metrics")).call()?.body_mut().read_to_string()
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
    use std::io::{BufRead, BufReader, Write};
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
                assert_eq!(request.next().as_deref(), Some("GET /metrics HTTP/1.1"));
                assert!(request.any(|line| line.is_empty()), "the end of the request");
                stream.write_all(response.as_bytes()).unwrap();
            }
        });
        assert_eq!(metrics(endpoint).unwrap(), "body\n");
        assert!(metrics(endpoint).is_err());
        server.join().unwrap();
    }
}
