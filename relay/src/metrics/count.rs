//! A counter that can also be read, as counters of the metrics crate cannot.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::descriptions;

/// A count since the start of the process.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Counts so many more.
    pub fn increment(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count of now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters of one name in Prometheus' text format, each with its label; without a label where that is empty.
pub fn render<'a>(name: &str, label: &str, counts: impl Iterator<Item = (&'a str, &'a Count)>) -> String {
    let mut text = descriptions::header(name);
    for (value, count) in counts {
        let labels = if label.is_empty() { String::new() } else { format!("{{{label}=\"{value}\"}}") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}{labels} {}", count.get());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_as_prometheus_reads_them() {
        let (one, other) = (Count::default(), Count::default());
        one.increment(3);
        one.increment(4);
        let text =
            render("tollgate_submits_total", "outcome", [("charged", &one), ("refused", &other)].into_iter());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "# TYPE tollgate_submits_total counter");
        assert_eq!(
            lines[2..],
            [
                "tollgate_submits_total{outcome=\"charged\"} 7",
                "tollgate_submits_total{outcome=\"refused\"} 0"
            ]
        );
        let text = render("tollgate_segments_total", "", [("", &one)].into_iter());
        assert!(text.ends_with("\ntollgate_segments_total 7\n"), "{text}");
    }
}
