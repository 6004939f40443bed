//! The days whose rows of refused messages are all kept, and can be compared with the time series.

use super::fault::{Fault, damaged};
use crate::id_times::IdTimes;
use crate::rows::{RefusalsRow, Row, SeriesRow};
use crate::schema::Family;
use crate::series::cell::Cell;
use crate::series::refusals::{CountedRefusals, cells_of};
use crate::series::{Minute, Step};
use crate::store::Store;
use crate::sums::{Place, forgotten_hour};

/// Days of which both the rows of refused messages and the counters are kept.
#[derive(Debug)]
pub(super) struct RefusalDays {
    /// `None` in a directory in which no row was counted when it was written.
    counted: Option<CountedRefusals>,
    times: IdTimes,
    /// Rows that ended in this hour or before may be gone.
    forgotten_hour: u32,
}

impl RefusalDays {
    /// Those of a directory.
    pub(super) fn begin(store: &Store) -> Result<Self, Fault> {
        Ok(Self {
            counted: CountedRefusals::read(store.database())?,
            times: store.commits().id_times()?,
            forgotten_hour: forgotten_hour(store.database())?,
        })
    }

    /// True if every row with messages of this day was counted when it was written, and none of them may be gone.
    pub(super) fn has(&self, day: u32) -> bool {
        let starts_at = |day: u32| Minute(day.saturating_mul(Step::Day.minutes())).starts_at();
        let times = starts_at(day)..starts_at(day.saturating_add(1));
        self.counted.is_some_and(|counted| day >= counted.from_day)
            && self.times.ids_of(&times).iter().all(|ids| !self.may_be_gone(ids.start))
    }

    /// Calls `add` with what the rows that were counted when they were written add to the cells of the time series.
    pub(super) fn each(&self, store: &Store, mut add: impl FnMut(Cell, &SeriesRow)) -> Result<(), Fault> {
        let Some(CountedRefusals { from_id, .. }) = self.counted else { return Ok(()) };
        let mut damage = None;
        store.scan(Family::Refusals, &from_id.to_be_bytes(), |key, value| {
            match RefusalsRow::read(value).filter(|_| key.len() == from_id.to_be_bytes().len()) {
                Some(row) => cells_of(&row, &mut add),
                None => damage = Some(damaged(Family::Refusals, key)),
            }
            damage.is_none()
        })?;
        damage.map_or(Ok(()), Err)
    }

    fn may_be_gone(&self, first_id: u64) -> bool {
        Place::of(Family::Refusals, &first_id.to_be_bytes(), &[]).is_forgotten(self.forgotten_hour)
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::refusal::Refusal;
    use tollgate_engine::time::UnixMicros;

    use super::super::series::SeriesCount;
    use super::*;
    use crate::batch::Batch;
    use crate::clock::{SystemClock, now};
    use crate::command::Command;
    use crate::committer::RefusalRecord;
    use crate::fold::{Draft, Fold};
    use crate::rows::{RefusalsNotKept, RefusedMessage};
    use crate::schema::REFUSALS_COUNTED_KEY;
    use crate::series::cell::RefusalCell;
    use crate::store::StoreOptions;
    use crate::store_options::Durability;
    use crate::sums::{FORGOTTEN_KEY, hour_of};

    const ACCOUNT: AccountNumber = AccountNumber(1);
    const DAY: u64 = 86_400_000_000;

    /// A store, with what its next commits are on top of.
    struct Books {
        store: Store,
        fold: Fold,
        _dir: tempfile::TempDir,
    }

    impl Books {
        fn open() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(StoreOptions::at(dir.path())).unwrap();
            Self { fold: Fold::load(&store).unwrap(), store, _dir: dir }
        }

        fn put(&self, family: Family, key: &[u8], value: Option<Vec<u8>>) {
            let mut batch = Batch::default();
            batch.put(family, key, value, None);
            self.store.database().write(&batch, Durability::Os).unwrap();
        }

        /// As an earlier version counted refusals, without a row.
        fn count_apart(&self, at: UnixMicros, messages: i64) {
            let cell = RefusalCell { minute: Minute::of(at), account: ACCOUNT, refusal: Refusal::NoRate };
            let row = SeriesRow { messages, ..SeriesRow::default() };
            self.put(Family::SeriesOpen, &Cell::Refusals(cell).to_bytes(), Some(row.to_bytes()));
        }

        fn refuse(&mut self, row: RefusalsRow) {
            let mut draft = Draft::new(&self.fold, &self.store, &SystemClock);
            let record = RefusalRecord { row, done: Box::new(drop) };
            draft.fold(&Command::Refusals(Box::new(record))).unwrap();
            let (batch, changes) = draft.finish();
            self.store.database().write(&batch, Durability::Os).unwrap();
            self.fold.advance(changes);
        }

        fn rows(&self) -> Vec<Vec<u8>> {
            let mut keys = Vec::new();
            self.store.scan(Family::Refusals, &[], |key, _| (keys.push(key.to_vec()), true).1).unwrap();
            keys
        }

        /// The first figure that is off, if one is.
        fn fault(&self) -> Option<String> {
            let counted = SeriesCount::begin(&self.store).unwrap().finish(&self.store);
            counted.err().map(|fault| fault.to_string())
        }
    }

    /// Two messages of that time, and three that are only counted.
    fn row(at: UnixMicros) -> RefusalsRow {
        let message = RefusedMessage {
            account: ACCOUNT,
            at,
            reason: Refusal::NoRate,
            status: 0x0B,
            source: b"ACME".as_slice().into(),
            destination: b"254722000001".as_slice().into(),
            network: None,
            segments: 1,
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
        };
        let not_kept = vec![RefusalsNotKept { account: ACCOUNT, reason: Refusal::NoRate, count: 3 }];
        RefusalsRow { at, messages: vec![message.clone(), message], not_kept }
    }

    #[test]
    fn a_row_that_is_lost_or_counted_twice_is_noticed() {
        let (mut books, at) = (Books::open(), now());
        for _ in 0..2 {
            books.refuse(row(at));
            assert_eq!(books.fault(), None);
        }
        let key = books.rows().pop().unwrap();
        let value = books.store.get(Family::Refusals, &key).unwrap();
        books.put(Family::Refusals, &key, None);
        let fault = books.fault().expect("a row is lost");
        assert!(fault.contains("time series of") && fault.contains("Refusals"), "{fault}");
        books.put(Family::Refusals, &key, value.clone());
        assert_eq!(books.fault(), None);
        books.put(Family::Refusals, &u64::MAX.to_be_bytes(), value);
        assert!(books.fault().is_some(), "a row is there twice");
        books.put(Family::Refusals, &u64::MAX.to_be_bytes(), Some(vec![7]));
        assert!(books.fault().expect("it is no row").contains("refusals"));
    }

    #[test]
    fn what_an_earlier_version_counted_is_not_compared() {
        let (mut books, today) = (Books::open(), now());
        let tomorrow = UnixMicros(today.0 + DAY);
        // It has lost the row of what it counted today, and the counters of the row of tomorrow.
        books.count_apart(today, 9);
        books.put(Family::Refusals, &7_u64.to_be_bytes(), Some(row(tomorrow).to_bytes()));
        assert_eq!(books.fault(), None, "nothing says since when they are one");
        books.fold = Fold::load(&books.store).unwrap();
        for at in [today, tomorrow, tomorrow] {
            books.refuse(row(at));
            assert_eq!(books.fault(), None);
        }
        let noted = books.store.get(Family::Meta, REFUSALS_COUNTED_KEY).unwrap();
        books.fold = Fold::load(&books.store).unwrap();
        books.refuse(row(tomorrow));
        assert_eq!(books.store.get(Family::Meta, REFUSALS_COUNTED_KEY).unwrap(), noted, "it stays");
        assert_eq!(books.fault(), None);
        let [_, of_today, of_tomorrow, ..] = &books.rows()[..] else { panic!("five rows") };
        books.put(Family::Refusals, of_today, None);
        assert_eq!(books.fault(), None, "the day has counters of both versions");
        books.put(Family::Refusals, of_tomorrow, None);
        assert!(books.fault().is_some(), "this day has those of the rows alone");
    }

    #[test]
    fn days_whose_rows_may_be_gone_are_not_compared() {
        let (mut books, at) = (Books::open(), now());
        books.refuse(row(at));
        let key = books.rows().pop().unwrap();
        books.put(Family::Refusals, &key, None);
        let ends_at = UnixMicros(at.0 + crate::rows::REFUSALS_KEPT_MICROS);
        for (hour, is_noticed) in [(hour_of(ends_at) - 26, true), (hour_of(ends_at), false)] {
            books.put(Family::Meta, FORGOTTEN_KEY, Some(hour.to_be_bytes().to_vec()));
            assert_eq!(books.fault().is_some(), is_noticed, "{hour}");
        }
    }
}
