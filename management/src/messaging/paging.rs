//! Pages of things that are read one by one from disk. Filters may leave out most of them, so that the number looked at for
//! one page is bounded, however few it has by then.

use std::ops::ControlFlow;

use tollgate_api::answer::Answer;
use tollgate_api::page::{Page, Paging, cursor};
use tollgate_api::problem::Problem;

/// Things that are looked at for one page.
const LOOKED_AT_MAX: usize = 100_000;

/// A page that grows.
#[derive(Debug)]
pub struct Gathering<T> {
    limit: usize,
    /// The items in front of the page, where they are known: none in front of the first.
    in_front: Option<usize>,
    to_step_over: usize,
    looked_at: usize,
    items: Vec<T>,
    /// The key behind which the next page continues.
    last: Option<String>,
    /// True if there may be more.
    is_cut: bool,
}

impl<T> Gathering<T> {
    /// An empty page.
    pub fn new(paging: &Paging) -> Self {
        let Paging { limit, offset, ref after } = *paging;
        Self {
            limit,
            in_front: after.is_none().then_some(offset),
            to_step_over: offset,
            looked_at: 0,
            items: Vec::new(),
            last: None,
            is_cut: false,
        }
    }

    /// Looks at one more thing: `key` is its key for a cursor, and `item` makes the item of the page, or is `None` if it is
    /// left out. Breaks off once the page is complete.
    pub fn look(
        &mut self,
        key: impl FnOnce() -> String,
        item: Option<impl FnOnce() -> T>,
    ) -> ControlFlow<()> {
        if let Some(item) = item {
            if self.to_step_over > 0 {
                self.to_step_over -= 1;
            } else if self.items.len() < self.limit {
                self.items.push(item());
            } else {
                self.is_cut = true;
                return ControlFlow::Break(());
            }
        }
        self.spend(1, key)
    }

    /// Counts the cost of finding things, as if so many had been looked at. Breaks off once enough was looked at.
    pub fn spend(&mut self, count: usize, key: impl FnOnce() -> String) -> ControlFlow<()> {
        self.looked_at += count;
        if self.items.len() >= self.limit || self.looked_at >= LOOKED_AT_MAX {
            self.last = Some(key());
        }
        if self.looked_at < LOOKED_AT_MAX {
            return ControlFlow::Continue(());
        }
        self.is_cut = true;
        ControlFlow::Break(())
    }

    /// True if nothing more will be looked at.
    pub fn is_complete(&self) -> bool {
        self.is_cut
    }

    /// The finished page.
    pub fn finish(self) -> Answer<Page<T>> {
        if self.is_cut && self.to_step_over > 0 {
            return Err(Problem::field("offset", "skips more than one page looks at; use a cursor"));
        }
        let next_cursor = self.last.filter(|_| self.is_cut).map(|key| cursor(&key));
        // All of them have been seen where the list ends within its first page.
        let in_front = self.in_front.filter(|_| !self.is_cut).map(|offset| offset - self.to_step_over);
        let total = in_front.and_then(|count| u64::try_from(count + self.items.len()).ok());
        Ok(Page { items: self.items, next_cursor, total })
    }
}

/// The problem of a cursor that was not given out by this list.
pub fn foreign_cursor() -> Problem {
    Problem::field("cursor", "is not one that was given out")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The even ones of the numbers behind `after`, and where the next page begins.
    fn page(after: usize, count: usize, limit: usize, offset: usize) -> Answer<(Vec<usize>, Option<usize>)> {
        let paging = Paging { limit, after: None, offset };
        let mut gathering = Gathering::new(&paging);
        for number in after + 1..=count {
            let item = (number % 2 == 0).then_some(|| number);
            if gathering.look(|| number.to_string(), item).is_break() {
                break;
            }
        }
        let page = gathering.finish()?;
        let next = page.next_cursor.map(|text| {
            let paging = Paging::read(None, Some(&text), None).unwrap();
            paging.after.unwrap().parse().unwrap()
        });
        Ok((page.items, next))
    }

    #[test]
    fn pages_follow_one_another_without_gap() {
        let (mut after, mut all) = (0, Vec::new());
        while let (items, Some(next)) = page(after, 9, 2, 0).unwrap() {
            all.extend(items);
            after = next;
        }
        assert_eq!(all, [2, 4], "the page behind the last cursor is the last");
        assert_eq!(page(after, 9, 2, 0).unwrap(), (vec![6, 8], None));
        assert_eq!(page(0, 9, 2, 3).unwrap(), (vec![8], None));
    }

    #[test]
    fn a_list_that_ends_within_its_first_page_has_a_total() {
        let total = |after: Option<&str>, limit, offset| {
            let mut gathering = Gathering::new(&Paging { limit, after: after.map(str::to_owned), offset });
            for number in 0..5 {
                if gathering.look(|| number.to_string(), Some(|| number)).is_break() {
                    break;
                }
            }
            gathering.finish().unwrap().total
        };
        assert_eq!(total(None, 5, 0), Some(5));
        assert_eq!(total(None, 5, 3), Some(5));
        assert_eq!(total(None, 5, 9), Some(5));
        assert_eq!(total(None, 4, 0), None);
        assert_eq!(total(Some("x"), 5, 0), None);
    }

    #[test]
    fn a_page_is_cut_where_enough_was_looked_at() {
        let many = 3 * LOOKED_AT_MAX;
        let (items, next) = page(0, many, many, 0).unwrap();
        assert_eq!((items.len(), next), (LOOKED_AT_MAX / 2, Some(LOOKED_AT_MAX)));
        assert!(page(0, many, 1, LOOKED_AT_MAX).is_err());
    }
}
