//! Items that wait for an answer, by their sequence numbers.
//!
//! A ring of fixed size, at least twice as large as what may wait: a number's place is its remainder, and a
//! number whose place is taken is passed over. So nothing is allocated or hashed per message, however
//! long a single one is left unanswered.

/// The highest sequence number that a requester may choose (SMPP 3.4 §3.2).
const NUMBER_MAX: u32 = 0x7FFF_FFFF;

#[derive(Debug)]
pub(super) struct InFlight<T> {
    places: Vec<Option<(u32, T)>>,
    count: u32,
    /// The number given last.
    last: u32,
    /// While anything waits: the number that has waited longest.
    oldest: u32,
}

impl<T> InFlight<T> {
    /// Room for `room` that wait at one time. Numbers are given out from behind `last`.
    pub(super) fn new(room: u32, last: u32) -> Self {
        let places = (room.max(1) as usize).saturating_mul(2).next_power_of_two();
        Self { places: std::iter::repeat_with(|| None).take(places).collect(), count: 0, last, oldest: 0 }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The number given last.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// A number for something that does not wait here.
    pub(super) fn next_number(&mut self) -> u32 {
        self.last = following(self.last);
        self.last
    }

    /// Lets `item` wait under a new number. To be called only while there is room.
    pub(super) fn add(&mut self, item: T) -> u32 {
        let mut number = self.next_number();
        while self.place_is_taken(number) {
            number = self.next_number();
        }
        if let Some(place) = self.place_mut(number) {
            *place = Some((number, item));
        }
        if self.count == 0 {
            self.oldest = number;
        }
        self.count += 1;
        number
    }

    /// Takes out what waits under `number`.
    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        let place = self.place_mut(number)?;
        let (_, item) = place.take_if(|(of, _)| *of == number)?;
        self.count -= 1;
        if number == self.oldest && self.count > 0 {
            self.oldest = self.next_oldest();
        }
        Some(item)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.waiting(number).is_some()
    }

    /// The oldest item and its number.
    pub(super) fn oldest(&self) -> Option<(u32, &T)> {
        if self.count == 0 {
            return None;
        }
        self.waiting(self.oldest).map(|item| (self.oldest, item))
    }

    /// Takes out everything, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| {
            let (number, _) = self.oldest()?;
            self.remove(number)
        })
    }

    /// Mostly the very next number. Where one was left behind for long, looking through all places is the
    /// shorter way.
    fn next_oldest(&self) -> u32 {
        let mut number = self.oldest;
        for _ in 0..self.places.len() {
            number = following(number);
            if self.waiting(number).is_some() {
                return number;
            }
        }
        let waiting = self.places.iter().flatten().map(|(number, _)| *number);
        waiting.max_by_key(|number| self.age(*number)).unwrap_or(self.last)
    }

    /// The count of numbers given out since `number`.
    fn age(&self, number: u32) -> u32 {
        if number <= self.last { self.last - number } else { NUMBER_MAX - number + self.last }
    }

    fn waiting(&self, number: u32) -> Option<&T> {
        let place = self.places.get(self.place_of(number))?;
        place.as_ref().filter(|(of, _)| *of == number).map(|(_, item)| item)
    }

    fn place_is_taken(&self, number: u32) -> bool {
        self.places.get(self.place_of(number)).is_some_and(Option::is_some)
    }

    fn place_mut(&mut self, number: u32) -> Option<&mut Option<(u32, T)>> {
        let place = self.place_of(number);
        self.places.get_mut(place)
    }

    fn place_of(&self, number: u32) -> usize {
        number as usize & (self.places.len() - 1)
    }
}

fn following(number: u32) -> u32 {
    number % NUMBER_MAX + 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_wrap_behind_the_highest_and_zero_is_none() {
        let mut in_flight = InFlight::new(4, NUMBER_MAX - 1);
        assert_eq!([in_flight.add('a'), in_flight.add('b'), in_flight.next_number()], [NUMBER_MAX, 1, 2]);
        assert_eq!(in_flight.oldest(), Some((NUMBER_MAX, &'a')));
        assert_eq!(in_flight.remove(NUMBER_MAX), Some('a'));
        assert_eq!(in_flight.remove(NUMBER_MAX), None);
        assert_eq!(in_flight.oldest(), Some((1, &'b')));
        assert_eq!(in_flight.remove(0), None);
    }

    #[test]
    fn one_that_is_never_answered_is_passed_over() {
        let mut in_flight = InFlight::new(2, 0);
        let stuck = in_flight.add(0);
        for item in 1..10_000 {
            let number = in_flight.add(item);
            assert_eq!(in_flight.oldest(), Some((stuck, &0)));
            assert_eq!(in_flight.remove(number), Some(item));
        }
        let (first, second) = (in_flight.add(1), in_flight.add(2));
        assert_eq!(in_flight.remove(stuck), Some(0));
        assert_eq!(in_flight.oldest(), Some((first, &1)));
        assert_eq!(in_flight.remove(first), Some(1));
        assert_eq!(in_flight.oldest(), Some((second, &2)));
    }

    proptest! {
        /// Against a map by age, with answers in any order and numbers that wrap on the way.
        #[test]
        fn it_is_a_map_in_the_order_of_asking(
            room in 1..20_u32,
            steps in vec((any::<bool>(), any::<prop::sample::Index>()), 1..400),
        ) {
            let mut in_flight = InFlight::new(room, NUMBER_MAX - 50);
            let mut model: BTreeMap<usize, u32> = BTreeMap::new();
            for (age, (add, which)) in steps.into_iter().enumerate() {
                if add && in_flight.count() < room {
                    let number = in_flight.add(age);
                    prop_assert!((1..=NUMBER_MAX).contains(&number));
                    prop_assert!(!model.values().any(|other| *other == number));
                    model.insert(age, number);
                } else if !model.is_empty() {
                    let (item, number) = model.iter().nth(which.index(model.len())).map(|(i, n)| (*i, *n)).unwrap();
                    prop_assert_eq!(in_flight.remove(number), Some(item));
                    model.remove(&item);
                }
                prop_assert_eq!(in_flight.count() as usize, model.len());
                let oldest = model.first_key_value().map(|(item, number)| (*number, *item));
                prop_assert_eq!(in_flight.oldest().map(|(number, item)| (number, *item)), oldest);
            }
            prop_assert!(in_flight.drain().eq(model.into_keys()));
        }
    }
}
