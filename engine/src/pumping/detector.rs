//! The detector of one account.

use super::finding::{Evidence, Finding, FindingKind, News};
use super::findings::{Findings, Judged};
use super::networks::{Familiarity, LATEST_MESSAGES, NetworkShares};
use super::outcomes::{AccountOutcomes, Outcomes};
use super::range::{Block, Range};
use super::regions::Regions;
use super::sent::Sent;
use super::settings::PumpingSettings;
use super::track::{EXAMPLES_MAX, Track};
use super::tracks::Tracks;
use super::verdict::{Signs, Verdict};
use crate::network::NetworkCode;
use crate::time::UnixMicros;

/// Octets that a detector takes at most, its tables and findings included.
pub const OCTETS_MAX: usize = 48 * 1_024;

/// New numbers among the latest messages that went to clusters, from which on these are ranges by turns.
const CLUSTERED: u32 = 48;
/// Different numbers of a cluster.
const CLUSTER_NUMBERS: u16 = 4;
/// Messages to one network among the latest from which on the network is meant and not all of them.
const SHARE_MESSAGES: u32 = 8;
/// A share is sudden if it is so many times what it was.
const SUDDEN: u32 = 4;
/// Messages to one new network among the latest from which on it is found whatever its price.
const ANY_PRICE_MESSAGES: u32 = 64;
/// Prices above it are compared as this one, in millionths: sums of them fit into their integers.
const PRICE_MAX: u64 = 1_000_000_000_000;
/// Messages between two looks at findings that have been quiet.
const LOOK_MESSAGES: u32 = 256;

/// The detector of one account's traffic. All times are of one clock that never goes back.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    tracks: Tracks,
    networks: NetworkShares,
    regions: Regions,
    outcomes: AccountOutcomes,
    findings: Findings,
    /// Messages, counted on.
    messages: u32,
    /// Of the latest messages, a bit for each: a new number in a cluster.
    clustered: u128,
    /// Of the latest messages, a bit for each: to a network that is expensive and was new or rare.
    suspected: u128,
}

impl Detector {
    /// True if a message to the number may pass: its range is not stepped down, or its pace allows it. Refused messages are
    /// counted.
    pub fn admits(
        &mut self,
        settings: &PumpingSettings,
        number: u64,
        network: NetworkCode,
        now: UnixMicros,
    ) -> bool {
        self.findings.is_empty() || self.findings.admits(settings, number, network, now)
    }

    /// Counts a message that was charged.
    pub fn charged(&mut self, settings: &PumpingSettings, sent: &Sent, now: UnixMicros) {
        let sent = &Sent { price: sent.price.min(PRICE_MAX), ..*sent };
        self.messages = self.messages.wrapping_add(1);
        if self.messages.is_multiple_of(LOOK_MESSAGES) {
            self.look(settings, now);
        }
        self.networks.count(sent, now);
        let networks = &self.networks;
        let familiarity = || networks.familiarity(sent.network);
        let (place, is_new_number) = self.tracks.count(sent, self.messages, now, familiarity);
        if !self.findings.is_empty() {
            self.findings.charged((sent.number, is_new_number), sent.network);
        }
        let is_lifted = self.findings.is_lifted(sent.number, sent.network, now);
        let track = self.tracks.get(place).filter(|_| !is_lifted);
        let is_clustered = is_new_number && track.is_some_and(|track| track.is_cluster(CLUSTER_NUMBERS));
        self.clustered = self.clustered << 1 | u128::from(is_clustered);
        if !is_lifted {
            self.judge_track(settings, place, is_clustered, now);
        }
        self.judge_network(settings, sent, is_lifted, now);
    }

    /// Counts what became of a message.
    pub fn ended(
        &mut self,
        settings: &PumpingSettings,
        number: u64,
        network: NetworkCode,
        is_delivered: bool,
        now: UnixMicros,
    ) {
        self.outcomes.count(is_delivered);
        self.findings.ended(number, network, is_delivered);
        let percent = settings.delivered_percent;
        let of_region = self.regions.count(number, network, is_delivered, self.outcomes, percent);
        let of_network = self.networks.fall_of(network);
        let of_network = of_network.and_then(|fall| fall.count(is_delivered, self.outcomes, percent));
        let place = self.tracks.of_number(number).map(|(place, track)| {
            track.outcomes.count(is_delivered);
            place
        });
        if self.findings.is_lifted(number, network, now) {
            return;
        }
        if let Some(place) = place {
            self.judge_track(settings, place, false, now);
        }
        if let Some((region, fallen)) = of_region {
            self.judge_fall(settings, Range::Block(region), network, fallen, now);
        } else if let Some(fallen) = of_network {
            self.judge_fall(settings, Range::Network(network), network, fallen, now);
        }
    }

    /// Ends findings that have been quiet for a while; their ranges are looked at afresh.
    pub fn look(&mut self, settings: &PumpingSettings, now: UnixMicros) {
        let ended = self.findings.end_quiet(settings, now);
        self.forget(&ended);
    }

    /// Ends the findings of a range by hand, lifts its step-down, and does not find it again for a day. False if there were
    /// none.
    pub fn lift(&mut self, range: Range, now: UnixMicros) -> bool {
        let was_found = self.findings.lift(range, now);
        self.forget(&[range]);
        was_found
    }

    /// Opens a finding again that was open when the process ended.
    pub fn restore(&mut self, finding: Finding, now: UnixMicros) {
        self.findings.restore(finding, now);
    }

    /// The findings that are open.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.open()
    }

    /// True if there is news that nobody has taken.
    pub fn has_news(&self) -> bool {
        self.findings.has_news()
    }

    /// Takes what became of findings since the news was taken last, the earliest first.
    pub fn take_news(&mut self) -> Vec<News> {
        self.findings.take_news()
    }

    /// Octets that it takes now.
    pub fn octets(&self) -> usize {
        size_of::<Self>()
            + self.tracks.heap_octets()
            + self.networks.heap_octets()
            + self.regions.heap_octets()
            + self.findings.heap_octets()
    }

    fn forget(&mut self, ranges: &[Range]) {
        if ranges.is_empty() {
            return;
        }
        self.tracks.forget(|track| {
            ranges.iter().any(|range| match range {
                Range::Block(block) => block.covers(track.block),
                Range::Network(network) => *network == track.network,
            })
        });
        (self.clustered, self.suspected) = (0, 0);
    }

    fn judge_track(&mut self, settings: &PumpingSettings, place: usize, is_clustered: bool, now: UnixMicros) {
        let Some(track) = self.tracks.get(place) else { return };
        if track.numbers < CLUSTER_NUMBERS {
            return;
        }
        let Some(sign) = self.sign_of(settings, track, is_clustered) else { return };
        let Sign { kind, block, numbers, weighed, outcomes } = sign;
        let familiarity = merged(track.familiarity, self.networks.familiarity(track.network));
        let range = Range::Block(block);
        let signs =
            Signs { kind, numbers: weighed, price: track.price, familiarity, outcomes, has_waited: false };
        let verdict = signs.verdict(settings);
        let judged = Judged { kind, range, network: track.network, is_new: familiarity.is_new, verdict };
        let share_now = share_of(&self.networks, track.network);
        let evidence = || {
            let mut evidence = evidence(&signs, share_now);
            evidence.numbers = track.examples().collect();
            evidence.different_numbers = numbers;
            evidence.messages = u32::from(track.messages);
            evidence.span_micros = now.0.saturating_sub(track.since.0);
            evidence
        };
        self.findings.conclude(settings, judged, now, evidence);
    }

    /// The sign that a block shows.
    fn sign_of(&self, settings: &PumpingSettings, track: &Track, is_clustered: bool) -> Option<Sign> {
        let (block, numbers, outcomes) = (track.block, u32::from(track.numbers), track.outcomes);
        let sign = |kind, weighed| Some(Sign { kind, block, numbers, weighed, outcomes });
        if track.is_sequence(settings.sequence_numbers) {
            return sign(FindingKind::SequentialNumbers, numbers);
        }
        let is_narrow = numbers >= settings.narrow_numbers && track.is_cluster(CLUSTER_NUMBERS);
        let is_by_turns = is_clustered && self.clustered.count_ones() >= CLUSTERED;
        if is_narrow || is_by_turns {
            return sign(FindingKind::NarrowRange, numbers);
        }
        if track.is_hammered() {
            return sign(FindingKind::NarrowRange, u32::from(track.messages));
        }
        let wide = self.tracks.wide_range(track, self.messages)?;
        let (kind, block) = (FindingKind::NarrowRange, track.block.wider(1));
        let weighed = if wide.is_all_over { wide.numbers } else { settings.narrow_numbers.min(wide.numbers) };
        Some(Sign { kind, block, numbers: wide.numbers, weighed, outcomes: wide.outcomes })
    }

    /// Looks for a sudden share of networks that are new for the account and expensive.
    fn judge_network(&mut self, settings: &PumpingSettings, sent: &Sent, is_lifted: bool, now: UnixMicros) {
        let familiarity = self.networks.familiarity(sent.network);
        let range = Range::Network(sent.network);
        let outcomes = self.networks.fall_of(sent.network).map(|fall| fall.all()).unwrap_or_default();
        let latest = self.networks.latest_of(sent.network);
        let signs = Signs {
            kind: FindingKind::NetworkShare,
            numbers: latest,
            price: sent.price,
            familiarity,
            outcomes,
            has_waited: self.findings.has_waited(range, now),
        };
        let rare = settings.share_percent.saturating_mul(10) / SUDDEN;
        let is_rare =
            familiarity.is_new || familiarity.share_before.is_some_and(|share| u32::from(share) <= rare);
        let is_suspected = !is_lifted && is_rare && signs.is_expensive(settings);
        self.suspected = self.suspected << 1 | u128::from(is_suspected);
        let suspected = u64::from(self.suspected.count_ones()) * 100;
        let least = u64::from(settings.share_percent) * LATEST_MESSAGES as u64;
        let has_share = is_suspected && suspected >= least && latest >= SHARE_MESSAGES;
        let is_sudden = !is_lifted && familiarity.is_new && latest >= ANY_PRICE_MESSAGES;
        if !has_share && !is_sudden {
            return;
        }
        let verdict = if is_suspected { signs.verdict(settings) } else { Verdict::Alert };
        let judged =
            Judged { kind: signs.kind, range, network: sent.network, is_new: familiarity.is_new, verdict };
        let (networks, share_now) = (&self.networks, share_of(&self.networks, sent.network));
        let evidence = || {
            let mut evidence = evidence(&signs, share_now);
            evidence.numbers = counted(networks.numbers_of(sent.network));
            evidence.messages = latest;
            evidence.span_micros = u64::from(networks.span_seconds(sent.network, now)) * 1_000_000;
            evidence
        };
        self.findings.conclude(settings, judged, now, evidence);
    }

    fn judge_fall(
        &mut self,
        settings: &PumpingSettings,
        range: Range,
        network: NetworkCode,
        outcomes: Outcomes,
        now: UnixMicros,
    ) {
        let familiarity = self.networks.familiarity(network);
        let (kind, price) = (FindingKind::DeliveryFall, self.networks.price_of(network));
        let numbers = u32::from(outcomes.total());
        let signs = Signs { kind, numbers, price, familiarity, outcomes, has_waited: true };
        let verdict = signs.verdict(settings);
        let judged = Judged { kind, range, network, is_new: false, verdict };
        let (regions, share_now) = (&self.regions, share_of(&self.networks, network));
        let evidence = || {
            let mut evidence = evidence(&signs, share_now);
            evidence.numbers = counted(regions.failed_of(range));
            evidence.messages = numbers;
            evidence
        };
        self.findings.conclude(settings, judged, now, evidence);
    }
}

/// The sign that a block shows.
struct Sign {
    kind: FindingKind,
    /// The range that it is about.
    block: Block,
    /// The different numbers there.
    numbers: u32,
    /// The count that is weighed for the verdict: these, or the messages to few of them.
    weighed: u32,
    outcomes: Outcomes,
}

/// The place that was known when a block began, and the one that is known by now where it was not.
fn merged(at_first: Familiarity, now: Familiarity) -> Familiarity {
    let usual_price = if at_first.usual_price > 0 { at_first.usual_price } else { now.usual_price };
    Familiarity {
        usual_price,
        share_before: at_first.share_before.or(now.share_before),
        is_new: at_first.is_new || now.is_new,
        is_home: at_first.is_home,
    }
}

fn share_of(networks: &NetworkShares, network: NetworkCode) -> u16 {
    let latest = networks.latest_of(network) as usize;
    u16::try_from(latest * 1_000 / LATEST_MESSAGES).unwrap_or(u16::MAX)
}

fn evidence(signs: &Signs, share_now: u16) -> Evidence {
    let Familiarity { usual_price, share_before, is_new, .. } = signs.familiarity;
    Evidence {
        different_numbers: signs.numbers,
        delivered: signs.outcomes.delivered,
        failed: signs.outcomes.failed,
        share_now,
        share_before,
        price: signs.price,
        usual_price: (usual_price > 0).then_some(usual_price),
        is_new,
        ..Evidence::default()
    }
}

/// The first of the numbers, with how often each is among them.
fn counted(numbers: impl Iterator<Item = u64>) -> Vec<(u64, u16)> {
    let mut counted: Vec<(u64, u16)> = Vec::new();
    for number in numbers {
        if let Some((_, messages)) = counted.iter_mut().find(|(known, _)| *known == number) {
            *messages = messages.saturating_add(1);
        } else if counted.len() < EXAMPLES_MAX {
            counted.push((number, 1));
        }
    }
    counted
}
