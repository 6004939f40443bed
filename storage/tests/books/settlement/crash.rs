//! The process is killed, and the next one goes on with what is on disk.

use tollgate_engine::health::HealthSample;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, DeliveryEvent};
use tollgate_storage::message::QueueKey;

use super::happenings::Happening;
use super::pair::Pair;
use super::words::{Event, Place};
use crate::support::{Books, LIMITS, PATIENT, Script, crash_image};

impl Pair {
    /// The process is killed while events are on their way to disk. They are there or not, all of them. What was held
    /// in memory is read from disk again, and where the events are not there the next process tells what it can know.
    pub fn crash(mut self, meanwhile: Vec<Happening>) -> Self {
        self.last_marker += 1;
        let at = UnixMicros(self.last_marker);
        let marker =
            DeliveryEvent::Health { operator: self.operators[0], at, sample: HealthSample::default() };
        let pairs = self.pairs(meanwhile);
        let events = pairs.iter().map(|(event, _)| event.clone()).chain([marker]);
        let in_flight = self.books.start_deliver(events.collect());
        let image = crash_image(self.dir.path());
        drop(in_flight);
        self.books.close();
        self.script = Script::default();
        self.books = Books::open_patient(image.path(), LIMITS, PATIENT, |store| self.script.journal(store));
        self.dir = image;
        let samples = self.books.store.health(self.operators[0], at, UnixMicros(at.0 + 1)).unwrap();
        let is_durable = !samples.is_empty();
        if is_durable {
            for (_, event) in &pairs {
                self.model.apply(event);
            }
        }
        // Whoever held messages in memory is gone with what it had not heard yet.
        self.model.forget();
        self.read_held();
        if !is_durable {
            let known = pairs.into_iter().filter_map(|pair| self.as_read_anew(pair)).collect();
            self.tell(known);
        }
        self.listen();
        self
    }

    /// An event of a process that was killed, as the next one can tell it: of a message that waits, with the row that is
    /// on disk. Nobody has the rows any more that the process before had read; a message may have been replaced since.
    fn as_read_anew(&self, (told, event): (DeliveryEvent, Event)) -> Option<(DeliveryEvent, Event)> {
        let row_of =
            |key: &QueueKey| self.held.values().find(|row| row.key == *key).map(|row| row.bytes.clone());
        let told = match told {
            DeliveryEvent::Accepted(acceptance) => {
                let row = row_of(&acceptance.key)?;
                DeliveryEvent::Accepted(Acceptance { row, ..acceptance })
            }
            DeliveryEvent::MatchedByAddress { acceptance, unmatched } => {
                let row = row_of(&acceptance.key)?;
                DeliveryEvent::MatchedByAddress { acceptance: Acceptance { row, ..acceptance }, unmatched }
            }
            DeliveryEvent::Failed { key, row: Some(_), outcome, error, operator, attempts, tried } => {
                let row = Some(row_of(&key)?);
                DeliveryEvent::Failed { key, row, outcome, error, operator, attempts, tried }
            }
            DeliveryEvent::Leased { lease, operator, mut keys } => {
                keys.retain(|key| row_of(key).is_some());
                let messages = keys.iter().map(|key| self.message_with(key.message_id)).collect();
                let told = DeliveryEvent::Leased { lease, operator, keys };
                return Some((told, Event::Lease { lease, messages }));
            }
            other => other,
        };
        Some((told, event))
    }

    fn read_held(&mut self) {
        self.held.clear();
        self.books.recorder.take();
        for first_choice in self.operators.clone() {
            for class in 0..4 {
                for row in self.books.store.queue().after(first_choice, class, 0, usize::MAX).unwrap() {
                    let message = self.message_with(row.key.message_id);
                    self.held.insert(message, row);
                }
            }
        }
        let queued = self.model.sent.iter().filter(|sent| sent.place == Place::Queued).count();
        assert_eq!(self.held.len(), queued);
    }
}
