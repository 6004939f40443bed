//! State of the daemon over HTTP: metrics, health, readiness.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::daemon::Daemon;
use super::wait::{SOON, eventually};

/// One scrape: series as written, such as `tollgate_binds{mode="transceiver"}`, and its value as text.
pub struct Scrape {
    pub text: String,
    series: BTreeMap<String, String>,
}

impl Scrape {
    pub fn of(daemon: &Daemon) -> Self {
        let (status, text) = get(daemon.metrics, "/metrics");
        assert_eq!(status, 200, "metrics are served");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let series =
            samples.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.into(), value.into()));
        Self { series: series.collect(), text }
    }

    /// The value of a counter or whole-numbered gauge; zero when there is no such series.
    pub fn count(&self, series: &str) -> u64 {
        self.series
            .get(series)
            .map_or(0, |value| value.parse().unwrap_or_else(|_| panic!("{series} is {value}")))
    }

    /// The label of the one series of a metric that is 1, such as the version in force.
    pub fn in_force(&self, metric: &str) -> &str {
        let ones =
            self.series.iter().filter(|(series, value)| series.starts_with(metric) && value.as_str() == "1");
        let labels: Vec<&str> = ones.filter_map(|(series, _)| series.split('"').nth(1)).collect();
        let [label] = labels.as_slice() else { panic!("one series of {metric} is 1, not {labels:?}") };
        label
    }

    /// Names of all metrics, without the suffixes of histograms.
    pub fn names(&self) -> Vec<&str> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).collect()
    }
}

/// Waits until a series has at least the value.
pub fn until_count(daemon: &Daemon, series: &str, at_least: u64) -> Scrape {
    eventually(&format!("{series} to reach {at_least}"), || {
        let scrape = Scrape::of(daemon);
        (scrape.count(series) >= at_least).then_some(scrape)
    })
}

/// Status and body of an HTTP request.
pub fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the HTTP server accepts");
    stream.set_read_timeout(Some(SOON)).expect("a timeout can be set");
    // HTTP/1.0, so that the body comes in one piece and the connection ends with it.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("the request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer can be read");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an HTTP status");
    (status, body.to_owned())
}
