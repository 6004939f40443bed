//! The detector of traffic pumping of one account, for all of its binds.
//!
//! It is made at the first message of an account that is looked at. An account that is not costs two pointers, and nobody looks
//! at it.

use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::Charge;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::pumping::{Detector, Finding, News, PumpingMode, PumpingSettings, Range, Sent};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::steady;

use crate::detectors::{DetectorSize, Detectors};

/// Time without a message after which an account without findings is no longer remembered.
const REMEMBERED_MICROS: u64 = 48 * 3_600_000_000;

/// The detector of one account.
#[derive(Debug)]
pub struct AccountPumping {
    account: AccountNumber,
    all: Arc<Detectors>,
    watched: Mutex<Option<Box<Watched>>>,
}

#[derive(Debug, Default)]
struct Watched {
    detector: Detector,
    latest_at: UnixMicros,
}

impl AccountPumping {
    /// Of an account that nobody looks at yet; `all` are told of its detector.
    pub fn new(account: AccountNumber, all: Arc<Detectors>) -> Self {
        Self { account, all, watched: Mutex::default() }
    }

    /// Refuses a message to a range whose rate is stepped down.
    pub fn check(
        &self,
        settings: &PumpingSettings,
        number: Number,
        network: NetworkCode,
    ) -> Result<(), Refusal> {
        if settings.mode != PumpingMode::StepDown {
            return Ok(());
        }
        let mut watched = self.watched.lock();
        let Some(watched) = watched.as_mut() else { return Ok(()) };
        let passes = watched.detector.admits(settings, number.to_u64(), network, steady());
        if passes { Ok(()) } else { Err(Refusal::TrafficPumping) }
    }

    /// Looks at a message that was charged.
    pub fn charged(&self, settings: &PumpingSettings, charge: &Charge, network: NetworkCode) {
        if settings.mode == PumpingMode::Off {
            return;
        }
        let price = u64::try_from(charge.rated.unit.price.micros()).unwrap_or_default();
        self.sent(settings, &Sent { number: charge.rated.number.to_u64(), network, price });
    }

    fn sent(&self, settings: &PumpingSettings, sent: &Sent) {
        if settings.mode == PumpingMode::Off {
            return;
        }
        let (mut place, now) = (self.watched.lock(), steady());
        let watched = self.made(&mut place);
        watched.latest_at = now;
        watched.detector.charged(settings, sent, now);
    }

    /// Looks at what became of a message.
    pub fn ended(
        &self,
        settings: &PumpingSettings,
        number: Number,
        network: NetworkCode,
        is_delivered: bool,
    ) {
        if settings.mode == PumpingMode::Off {
            return;
        }
        if let Some(watched) = self.watched.lock().as_mut() {
            watched.detector.ended(settings, number.to_u64(), network, is_delivered, steady());
        }
    }

    /// Ends findings that have been quiet and gives what is new back. An account that is no longer looked at, or that has
    /// not sent anything for long, is forgotten.
    pub fn look(&self, settings: &PumpingSettings) -> Vec<News> {
        let (mut place, now) = (self.watched.lock(), steady());
        let Some(watched) = place.as_mut() else { return Vec::new() };
        if settings.mode == PumpingMode::Off {
            self.forget(&mut place);
            return Vec::new();
        }
        watched.detector.look(settings, now);
        let news = watched.detector.take_news();
        let is_idle = now.0.saturating_sub(watched.latest_at.0) >= REMEMBERED_MICROS;
        if is_idle && watched.detector.open().next().is_none() {
            self.forget(&mut place);
        }
        news
    }

    /// Ends the findings of a range, lifts its step-down, and does not find it again for a day.
    pub fn lift(&self, range: Range) {
        if let Some(watched) = self.watched.lock().as_mut() {
            watched.detector.lift(range, steady());
        }
    }

    /// Opens a finding again that was open when the process ended.
    pub fn restore(&self, finding: Finding) {
        let (mut place, now) = (self.watched.lock(), steady());
        let watched = self.made(&mut place);
        watched.latest_at = now;
        watched.detector.restore(finding, now);
    }

    /// The size of the detector; `None` where there is none.
    pub fn size(&self) -> Option<DetectorSize> {
        let watched = self.watched.lock();
        let Watched { detector, latest_at } = &**watched.as_ref()?;
        Some(DetectorSize { latest_at: *latest_at, account: self.account, octets: detector.octets() })
    }

    /// Forgets all that was counted, so that others have room. Findings that are open go on, as after a restart.
    pub fn shed(&self) {
        let (mut place, now) = (self.watched.lock(), steady());
        let Some(watched) = place.as_mut() else { return };
        let open: Vec<Finding> = watched.detector.open().cloned().collect();
        // News that nobody has taken is not lost.
        if watched.detector.has_news() {
            return;
        }
        if open.is_empty() {
            return self.forget(&mut place);
        }
        watched.detector = Detector::default();
        for finding in open {
            watched.detector.restore(finding, now);
        }
    }

    fn made<'p>(&self, place: &'p mut Option<Box<Watched>>) -> &'p mut Watched {
        if place.is_none() {
            self.all.enter(self.account);
        }
        place.get_or_insert_default()
    }

    fn forget(&self, place: &mut Option<Box<Watched>>) {
        *place = None;
        self.all.leave(self.account);
    }

    /// The findings that are open.
    pub fn open(&self) -> Vec<Finding> {
        let watched = self.watched.lock();
        watched.as_ref().map(|watched| watched.detector.open().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KENYA: NetworkCode = NetworkCode { mcc: 639, mnc: None };

    #[test]
    fn only_accounts_that_are_looked_at_and_have_sent_are_known() {
        let (all, alert) = (Arc::new(Detectors::default()), alert());
        let (off, on) = (pumping(1, &all), pumping(2, &all));
        charge(&off, &PumpingSettings::DEFAULT, 1);
        assert_eq!((all.accounts(), off.size()), (Vec::new(), None));
        charge(&on, &alert, 1);
        assert_eq!(all.accounts(), [AccountNumber(2)]);
        assert!(on.look(&alert).is_empty());
        assert_eq!(all.accounts(), [AccountNumber(2)]);
        on.look(&PumpingSettings::DEFAULT);
        assert_eq!((all.accounts(), on.size()), (Vec::new(), None));
    }

    #[test]
    fn a_detector_that_is_shed_keeps_its_findings_and_what_nobody_has_heard_of_yet() {
        let (all, alert) = (Arc::new(Detectors::default()), alert());
        let pumped = pumping(1, &all);
        (0..40).for_each(|place| charge(&pumped, &alert, place));
        let before = pumped.size().map(|size| size.octets);
        pumped.shed();
        assert_eq!(pumped.size().map(|size| size.octets), before, "its news is not taken yet");
        assert_eq!(pumped.look(&alert).len(), 1);
        pumped.shed();
        assert!(pumped.size().map(|size| size.octets) < before);
        assert_eq!((pumped.open().len(), all.accounts().len()), (1, 1));
        pumped.lift(pumped.open()[0].range);
        pumped.look(&alert);
        pumped.shed();
        assert_eq!((pumped.size(), all.accounts()), (None, Vec::new()));
    }

    fn alert() -> PumpingSettings {
        PumpingSettings { mode: PumpingMode::Alert, ..PumpingSettings::DEFAULT }
    }

    fn pumping(number: u32, all: &Arc<Detectors>) -> AccountPumping {
        AccountPumping::new(AccountNumber(number), Arc::clone(all))
    }

    /// Charges a message to the number at this place of a range.
    fn charge(pumping: &AccountPumping, settings: &PumpingSettings, place: u64) {
        let sent = Sent { number: 254_722_000_000 + place, network: KENYA, price: 20_000 };
        pumping.sent(settings, &sent);
    }
}
