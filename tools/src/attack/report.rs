//! The figures of an attack beside their bounds.

use std::fmt;
use std::time::Duration;

use super::attacks::Attack;
use super::witness::Seen;

/// Of a hundred binds with the right password, so many are welcome.
const WELCOME_PERCENT_MIN: u32 = 95;
const SLOWEST_BIND_MAX: Duration = Duration::from_secs(2);
const ANSWER_P99_MAX: Duration = Duration::from_millis(500);
/// Memory beyond twice that before the attacks, in KiB.
const MEMORY_ADDED_MAX: u64 = 200 << 10;

/// The memory of the daemon, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Before the first attack.
    pub before: u64,
    /// The most during this one.
    pub most: u64,
}

/// The figures of one attack.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The attack that was run.
    pub attack: Attack,
    /// The figures of the witness.
    pub seen: Seen,
    /// The memory of the daemon, where its process is known.
    pub memory: Option<Memory>,
}

impl Outcome {
    /// The bounds that were not kept, in words.
    pub fn broken(&self) -> Vec<String> {
        let Seen { binds, welcome, slowest_bind, .. } = self.seen;
        let mut broken = Vec::new();
        if welcome * 100 < binds * WELCOME_PERCENT_MIN || binds == 0 {
            broken.push(format!("{welcome} of {binds} binds were welcome"));
        }
        if slowest_bind > SLOWEST_BIND_MAX {
            broken.push(format!("a bind took {} ms", slowest_bind.as_millis()));
        }
        if self.seen.answer_p99() > ANSWER_P99_MAX {
            broken.push(format!("answers took {} ms", self.seen.answer_p99().as_millis()));
        }
        if let Some(Memory { before, most }) = self.memory
            && most > before * 2 + MEMORY_ADDED_MAX
        {
            broken.push(format!("memory grew from {} to {} MiB", before >> 10, most >> 10));
        }
        broken
    }

    /// The head of the table, with the bounds.
    pub fn head() -> String {
        let bound = format!(
            ">= {WELCOME_PERCENT_MIN} %|<= {} ms|<= {} ms|<= 2 x idle + {} MiB",
            SLOWEST_BIND_MAX.as_millis(),
            ANSWER_P99_MAX.as_millis(),
            MEMORY_ADDED_MAX >> 10
        );
        let bounds: Vec<&str> = bound.split('|').collect();
        let line = |cells: [&str; 5]| {
            let [attack, binds, slowest, answers, memory] = cells;
            format!("{attack:<18} {binds:>14} {slowest:>14} {answers:>14} {memory:>24}")
        };
        let names = line(["attack", "right binds", "slowest bind", "answers p99", "memory"]);
        let &[binds, slowest, answers, memory] = bounds.as_slice() else { return names };
        format!("{names}\n{}", line(["bound", binds, slowest, answers, memory]))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { binds, welcome, slowest_bind, .. } = &self.seen;
        let memory = self.memory.map_or_else(
            || "unknown".to_owned(),
            |Memory { before, most }| {
                format!("{} of {} MiB", most >> 10, (before * 2 + MEMORY_ADDED_MAX) >> 10)
            },
        );
        write!(
            f,
            "{:<18} {:>14} {:>14} {:>14} {memory:>24}  {}",
            self.attack.name(),
            format!("{welcome} of {binds}"),
            format!("{} ms", slowest_bind.as_millis()),
            format!("{} ms", self.seen.answer_p99().as_millis()),
            if self.broken().is_empty() { "kept" } else { "BROKEN" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(seen: Seen, most: u64) -> Outcome {
        let memory = Some(Memory { before: 50 << 10, most: most << 10 });
        Outcome { attack: Attack::Resets, seen, memory }
    }

    #[test]
    fn bounds_that_are_not_kept_are_told() {
        let quick = vec![Duration::from_millis(1); 100];
        let kept = Seen { binds: 100, welcome: 95, slowest_bind: SLOWEST_BIND_MAX, answers: quick.clone() };
        assert_eq!(outcome(kept.clone(), 300).broken(), Vec::<String>::new());
        assert_eq!(outcome(kept.clone(), 301).broken(), ["memory grew from 50 to 301 MiB"]);
        let refused = Seen { welcome: 94, ..kept.clone() };
        assert_eq!(outcome(refused, 60).broken(), ["94 of 100 binds were welcome"]);
        let slow =
            Seen { slowest_bind: Duration::from_secs(7), answers: vec![Duration::from_secs(1)], ..kept };
        assert_eq!(outcome(slow, 60).broken(), ["a bind took 7000 ms", "answers took 1000 ms"]);
        assert_eq!(outcome(Seen::default(), 60).broken().len(), 2, "no figures are no proof");
    }
}
