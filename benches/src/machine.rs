//! The machine that the measurements were made on.

use std::fs;
use std::thread;

/// Processor, cores, memory and kernel, in one line.
pub fn describe() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&processors, "model name").unwrap_or("unknown processor");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes = field(&memory, "MemTotal").and_then(|total| total.strip_suffix(" kB"));
    let gibibytes = kibibytes.and_then(|total| total.parse::<u64>().ok()).map_or(0, |total| total >> 20);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, {gibibytes} GiB, Linux {}", kernel.trim())
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz\nMemTotal:       24000000 kB\n";
        assert_eq!(field(text, "model name"), Some("Some CPU @ 2.00GHz"));
        assert_eq!(field(text, "MemTotal"), Some("24000000 kB"));
        assert_eq!(field(text, "bogomips"), None);
    }
}
