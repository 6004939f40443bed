//! Reminders of an invoice: before, at and after the day on which it is due.

use jiff::civil::Date;
use jiff::{Span, Unit};

/// Days around the due date on which an invoice is reminded of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReminderDays {
    /// Days after the due date; before it where they are below zero. In any order, each once.
    pub days: Vec<i32>,
}

impl ReminderDays {
    /// The reminder that is to be sent on a day, as its days after the due date: the last one whose day has come. Those that
    /// were missed before it are not sent any more, as nobody needs several at once.
    pub fn due_on(&self, due: Date, today: Date) -> Option<i32> {
        let passed = due.until((Unit::Day, today)).ok()?.get_days();
        self.days.iter().copied().filter(|days| *days <= passed).max()
    }

    /// The day that reminders are counted from: the due date, or the later day on which a paid invoice was opened again, as money of
    /// its payment went back. Whoever owes it again is reminded from the first on.
    pub fn counted_from(due: Date, reopened: Option<Date>) -> Date {
        reopened.map_or(due, |reopened| reopened.max(due))
    }

    /// The reminders that stand in the way of one: it and all later ones. Whoever has sent one of them does not send it, also
    /// where the clock has gone back.
    pub fn from(&self, reminder: i32) -> impl Iterator<Item = i32> + '_ {
        self.days.iter().copied().filter(move |days| *days >= reminder)
    }

    /// The first day on which there is anything to send for an invoice that is due then.
    pub fn first_day(&self, due: Date) -> Option<Date> {
        let first = *self.days.iter().min()?;
        due.checked_add(Span::new().try_days(i64::from(first)).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn days() -> ReminderDays {
        ReminderDays { days: vec![-3, 0, 7, 14] }
    }

    #[test]
    fn the_last_reminder_that_has_come_is_sent() {
        let due = date(2028, 3, 1);
        for (today, reminder) in [
            (date(2028, 2, 26), None),
            (date(2028, 2, 27), Some(-3)),
            (date(2028, 2, 29), Some(-3)),
            (date(2028, 3, 1), Some(0)),
            (date(2028, 3, 8), Some(7)),
            (date(2029, 1, 1), Some(14)),
        ] {
            assert_eq!(days().due_on(due, today), reminder, "{today}");
        }
        assert_eq!(days().first_day(due), Some(date(2028, 2, 27)));
        assert_eq!(ReminderDays::default().due_on(due, date(2029, 1, 1)), None);
    }

    #[test]
    fn an_invoice_that_is_open_again_is_reminded_of_from_the_first_on() {
        let (due, reopened) = (date(2028, 3, 1), date(2028, 5, 31));
        let base = ReminderDays::counted_from(due, Some(reopened));
        for (today, reminder) in [(reopened, 0), (date(2028, 6, 7), 7), (date(2028, 7, 30), 14)] {
            assert_eq!(days().due_on(base, today), Some(reminder), "{today}");
        }
        assert_eq!(ReminderDays::counted_from(due, None), due);
        assert_eq!(ReminderDays::counted_from(due, Some(date(2028, 2, 27))), due, "it was not due yet");
    }

    proptest! {
        /// Whatever days are looked at, in any order, each reminder is sent once at most and none after a later one.
        #[test]
        fn each_is_sent_once_and_in_order(looks in prop::collection::vec(-10_i64..40, 1..60)) {
            let (due, days) = (date(2028, 3, 1), days());
            let (mut sent, mut in_order) = (BTreeSet::new(), Vec::new());
            for look in looks {
                let today = due.checked_add(Span::new().days(look)).unwrap();
                let Some(reminder) = days.due_on(due, today) else { continue };
                if days.from(reminder).all(|one| !sent.contains(&one)) {
                    prop_assert!(sent.insert(reminder));
                    in_order.push(reminder);
                }
            }
            prop_assert!(in_order.is_sorted());
        }
    }
}
