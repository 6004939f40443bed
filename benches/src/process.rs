//! CPU time and memory of a process, as the kernel counts them (proc(5)).

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// CPU time in a span below which a process counts as idle.
const IDLE_CPU: Duration = Duration::from_millis(20);
const IDLE_SPAN: Duration = Duration::from_millis(300);

/// CPU time of all threads, in user and system mode, to a hundredth of a second.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program comes second, in parentheses, and may hold anything.
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let (user_ticks, system_ticks) = (11, 12);
    let mut ticks =
        fields.split(' ').enumerate().filter(|(index, _)| [user_ticks, system_ticks].contains(index));
    let sum = ticks.try_fold(0, |sum, (_, field)| field.parse::<u64>().map(|value| sum + value));
    let sum = sum.map_err(io::Error::other)?;
    Ok(Duration::from_secs(sum)
        / u32::try_from(rustix::param::clock_ticks_per_second()).map_err(io::Error::other)?)
}

/// Resident memory, in octets.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap_or_default();
    kibibytes.parse::<u64>().map(|kibibytes| kibibytes * 1024).map_err(io::Error::other)
}

/// Waits until the process does next to nothing, as after the compactions that follow a load; not longer than
/// `timeout`.
pub fn settle(pid: u32, timeout: Duration) -> io::Result<()> {
    let begun = Instant::now();
    let mut before = cpu_time(pid)?;
    while begun.elapsed() < timeout {
        thread::sleep(IDLE_SPAN);
        let now = cpu_time(pid)?;
        if now.saturating_sub(before) < IDLE_CPU {
            return Ok(());
        }
        before = now;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let pid = std::process::id();
        assert!(resident_bytes(pid).unwrap() > 100_000);
        let deadline = Instant::now() + Duration::from_secs(10);
        while cpu_time(pid).unwrap() < Duration::from_millis(30) {
            assert!(Instant::now() < deadline, "busy, and no time is counted");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert!(cpu_time(u32::MAX).is_err());
        assert!(resident_bytes(u32::MAX).is_err());
    }
}
