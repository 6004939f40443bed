//! The detector of traffic pumping of one account, for all of its binds.
//!
//! It is made at the first message of an account that is looked at. An account that is not costs a pointer and an octet.

use parking_lot::Mutex;
use tollgate_engine::charging::Charge;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::pumping::{Detector, Finding, News, PumpingMode, PumpingSettings, Range, Sent};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::steady;

/// Time without a message after which an account without findings is no longer remembered.
const REMEMBERED_MICROS: u64 = 48 * 3_600_000_000;

/// The detector of one account.
#[derive(Debug, Default)]
pub struct AccountPumping(Mutex<Option<Box<Watched>>>);

#[derive(Debug, Default)]
struct Watched {
    detector: Detector,
    latest_at: UnixMicros,
}

impl AccountPumping {
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
        let mut watched = self.0.lock();
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
        let sent = Sent { number: charge.rated.number.to_u64(), network, price };
        let (mut watched, now) = (self.0.lock(), steady());
        let watched = watched.get_or_insert_default();
        watched.latest_at = now;
        watched.detector.charged(settings, &sent, now);
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
        if let Some(watched) = self.0.lock().as_mut() {
            watched.detector.ended(settings, number.to_u64(), network, is_delivered, steady());
        }
    }

    /// Ends findings that have been quiet and gives what is new back. An account that is no longer looked at, or that has
    /// not sent anything for long, is forgotten.
    pub fn look(&self, settings: &PumpingSettings) -> Vec<News> {
        let (mut place, now) = (self.0.lock(), steady());
        let Some(watched) = place.as_mut() else { return Vec::new() };
        if settings.mode == PumpingMode::Off {
            *place = None;
            return Vec::new();
        }
        watched.detector.look(settings, now);
        let news = watched.detector.take_news();
        let is_idle = now.0.saturating_sub(watched.latest_at.0) >= REMEMBERED_MICROS;
        if is_idle && watched.detector.open().next().is_none() {
            *place = None;
        }
        news
    }

    /// Ends the findings of a range, lifts its step-down, and does not find it again for a day.
    pub fn lift(&self, range: Range) {
        if let Some(watched) = self.0.lock().as_mut() {
            watched.detector.lift(range, steady());
        }
    }

    /// Opens a finding again that was open when the process ended.
    pub fn restore(&self, finding: Finding) {
        let (mut place, now) = (self.0.lock(), steady());
        let watched = place.get_or_insert_default();
        watched.latest_at = now;
        watched.detector.restore(finding, now);
    }

    /// The findings that are open.
    pub fn open(&self) -> Vec<Finding> {
        let watched = self.0.lock();
        watched.as_ref().map(|watched| watched.detector.open().cloned().collect()).unwrap_or_default()
    }
}
