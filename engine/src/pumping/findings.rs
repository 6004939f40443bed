//! The findings of one account that are open, what was lifted by hand, and the pace of ranges that are stepped down.

use super::finding::{EndReason, Evidence, Finding, FindingKind, News};
use super::range::Range;
use super::settings::{PumpingMode, PumpingSettings};
use super::verdict::Verdict;
use crate::network::NetworkCode;
use crate::time::UnixMicros;

/// Findings that may be open at once; further ranges are found once others have ended.
pub const FINDINGS_MAX: usize = 32;
/// Ranges that are remembered as lifted.
const LIFTED_MAX: usize = 16;
/// Time for which a range that was lifted by hand is not found again.
const LIFTED_MICROS: u64 = 24 * 3_600_000_000;
/// Findings of blocks of one network that is new from which on the whole network is meant.
const WHOLE_NETWORK: usize = 8;
/// Time that the messages of a range have to arrive.
const WAIT_MICROS: u64 = 30_000_000;
const MICROS_PER_MINUTE: u64 = 60_000_000;

/// A finding that is open.
#[derive(Clone, Debug)]
struct Open {
    finding: Finding,
    /// The time from which on the next message to a range that is stepped down may pass.
    next_at: UnixMicros,
    /// Different numbers that this process has seen, at the least.
    numbers: u32,
}

/// A range that somebody lifted.
#[derive(Clone, Copy, Debug)]
struct LiftedRange {
    range: Range,
    until: UnixMicros,
}

/// The kind of the news about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Found,
    SteppedDown,
    Ended(EndReason),
}

/// All findings of one account.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    open: Vec<Open>,
    lifted: Vec<LiftedRange>,
    news: Vec<News>,
    serial: u32,
}

/// A sign of a range, as it was judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// The sign that was seen.
    pub kind: FindingKind,
    /// The range that it is about.
    pub range: Range,
    /// The network of the number.
    pub network: NetworkCode,
    /// True if the network is new for the account.
    pub is_new: bool,
    /// The verdict about it.
    pub verdict: Verdict,
}

impl Findings {
    /// True if nothing is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// True if a message to the number may pass. A refused one is counted.
    pub fn admits(
        &mut self,
        settings: &PumpingSettings,
        number: u64,
        network: NetworkCode,
        now: UnixMicros,
    ) -> bool {
        if settings.mode != PumpingMode::StepDown {
            return true;
        }
        for open in &mut self.open {
            let Open { finding, next_at, .. } = open;
            if !finding.is_stepped_down || !finding.range.holds(number, network) {
                continue;
            }
            let interval = MICROS_PER_MINUTE.checked_div(settings.step_down_per_minute.into());
            if let Some(interval) = interval
                && now >= *next_at
            {
                *next_at = UnixMicros(now.0.saturating_add(interval));
                continue;
            }
            finding.refused = finding.refused.saturating_add(1);
            finding.latest_at = now;
            return false;
        }
        true
    }

    /// True if the range was lifted by hand not long ago.
    pub fn is_lifted(&self, number: u64, network: NetworkCode, now: UnixMicros) -> bool {
        self.lifted.iter().any(|lifted| now < lifted.until && lifted.range.holds(number, network))
    }

    /// True if the range was found long enough ago for its messages to have arrived.
    pub fn has_waited(&self, range: Range, now: UnixMicros) -> bool {
        let known = self.open.iter().find(|open| open.finding.range == range);
        known.is_some_and(|open| now.0.saturating_sub(open.finding.found_at.0) >= WAIT_MICROS)
    }

    /// Takes what was judged of a range down. `evidence` is asked for where there is something to tell.
    pub fn conclude(
        &mut self,
        settings: &PumpingSettings,
        judged: Judged,
        now: UnixMicros,
        evidence: impl FnOnce() -> Evidence,
    ) {
        if judged.verdict == Verdict::Innocent {
            return;
        }
        let judged = Judged { range: self.meant(&judged), ..judged };
        let steps_down = judged.verdict == Verdict::StepDown && settings.mode == PumpingMode::StepDown;
        if let Some(open) = self.open.iter_mut().find(|open| covers(open.finding.range, judged.range)) {
            let finding = &mut open.finding;
            if finding.is_stepped_down {
                return;
            }
            finding.latest_at = now;
            if steps_down {
                finding.is_stepped_down = true;
                finding.evidence = evidence();
                open.numbers = finding.evidence.different_numbers;
                let told = finding.clone();
                self.tell(told, Told::SteppedDown);
            }
            return;
        }
        if self.open.len() >= FINDINGS_MAX {
            return;
        }
        self.serial = self.serial.wrapping_add(1);
        let finding = Finding {
            serial: self.serial,
            kind: judged.kind,
            range: judged.range,
            network: judged.network,
            is_stepped_down: false,
            found_at: now,
            latest_at: now,
            refused: 0,
            evidence: evidence(),
        };
        let numbers = finding.evidence.different_numbers;
        self.open.push(Open { finding: finding.clone(), next_at: now, numbers });
        self.tell(finding, Told::Found);
    }

    /// The range itself, or its whole network where many ranges of a new network were found already.
    fn meant(&self, judged: &Judged) -> Range {
        let of_network = self.open.iter().filter(|open| open.finding.network == judged.network).count();
        if judged.is_new && of_network >= WHOLE_NETWORK {
            return Range::Network(judged.network);
        }
        judged.range
    }

    /// Counts what became of a message in the evidence of the findings that it belongs to.
    pub fn ended(&mut self, number: u64, network: NetworkCode, is_delivered: bool) {
        for open in self.open.iter_mut().filter(|open| open.finding.range.holds(number, network)) {
            let evidence = &mut open.finding.evidence;
            let count = if is_delivered { &mut evidence.delivered } else { &mut evidence.failed };
            *count = count.saturating_add(1);
        }
    }

    /// Counts a charged message in the evidence of the findings that it belongs to, and its number where it is a new one.
    pub fn charged(&mut self, (number, is_new_number): (u64, bool), network: NetworkCode) {
        for open in self.open.iter_mut().filter(|open| open.finding.range.holds(number, network)) {
            let evidence = &mut open.finding.evidence;
            evidence.messages = evidence.messages.saturating_add(1);
            // After a start the numbers of before are not known, and may be new ones again.
            open.numbers = open.numbers.saturating_add(u32::from(is_new_number));
            evidence.different_numbers = evidence.different_numbers.max(open.numbers.min(evidence.messages));
        }
    }

    /// Ends the findings that had no sign for a while, and gives back their ranges.
    pub fn end_quiet(&mut self, settings: &PumpingSettings, now: UnixMicros) -> Vec<Range> {
        let quiet = u64::from(settings.quiet_minutes).saturating_mul(MICROS_PER_MINUTE);
        self.lifted.retain(|lifted| now < lifted.until);
        self.end(EndReason::Quiet, |finding| now.0.saturating_sub(finding.latest_at.0) >= quiet)
    }

    /// Ends the findings of a range by hand, and does not find it again for a while. False if there were none.
    pub fn lift(&mut self, range: Range, now: UnixMicros) -> bool {
        let ended = self.end(EndReason::Lifted, |finding| finding.range == range);
        if self.lifted.len() >= LIFTED_MAX {
            self.lifted.remove(0);
        }
        self.lifted.push(LiftedRange { range, until: UnixMicros(now.0.saturating_add(LIFTED_MICROS)) });
        !ended.is_empty()
    }

    fn end(&mut self, reason: EndReason, is_meant: impl Fn(&Finding) -> bool) -> Vec<Range> {
        let (ended, kept): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut self.open).into_iter().partition(|open| is_meant(&open.finding));
        self.open = kept;
        let ranges = ended.iter().map(|open| open.finding.range).collect();
        for open in ended {
            self.tell(open.finding, Told::Ended(reason));
        }
        ranges
    }

    /// Opens a finding again that was open when the process ended.
    pub fn restore(&mut self, finding: Finding, now: UnixMicros) {
        let is_open = self.open.iter().any(|open| open.finding.range == finding.range);
        if is_open || self.open.len() >= FINDINGS_MAX {
            return;
        }
        self.serial = self.serial.max(finding.serial);
        let finding = Finding { found_at: now, latest_at: now, ..finding };
        self.open.push(Open { finding, next_at: now, numbers: 0 });
    }

    /// The findings that are open.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.open.iter().map(|open| &open.finding)
    }

    /// True if there is news that nobody has taken.
    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Takes the news.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// News that nobody takes is bounded: what ended meanwhile is told by its end alone.
    fn tell(&mut self, finding: Finding, told: Told) {
        if self.news.len() >= FINDINGS_MAX {
            self.news.remove(0);
        }
        self.news.push(match told {
            Told::Found => News::Found(finding),
            Told::SteppedDown => News::SteppedDown(finding),
            Told::Ended(reason) => News::Ended(finding, reason),
        });
    }

    /// Octets on the heap.
    pub fn heap_octets(&self) -> usize {
        let numbers = |finding: &Finding| finding.evidence.numbers.capacity() * size_of::<(u64, u16)>();
        let of_news = |news: &News| match news {
            News::Found(finding) | News::SteppedDown(finding) | News::Ended(finding, _) => numbers(finding),
        };
        self.open.capacity() * size_of::<Open>()
            + self.news.capacity() * size_of::<News>()
            + self.lifted.capacity() * size_of::<LiftedRange>()
            + self.open.iter().map(|open| numbers(&open.finding)).sum::<usize>()
            + self.news.iter().map(of_news).sum::<usize>()
    }
}

fn covers(open: Range, range: Range) -> bool {
    match (open, range) {
        (Range::Block(open), Range::Block(range)) => open.covers(range),
        _ => open == range,
    }
}
