//! Lists: a page at a time, continued by an opaque cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Items of a page where the query does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// Items of a page at most.
pub const LIMIT_MAX: u32 = 1_000;
/// Items that a query may step over; cursors go further.
pub const OFFSET_MAX: u32 = 10_000;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// The value to send as `cursor` for the next page; null on the last one. A page may have fewer items
    /// than its limit and still not be the last.
    pub next_cursor: Option<String>,
    /// The number of items on all pages; null where it is not known without reading them all.
    pub total: Option<u64>,
}

/// The filters of a list of part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// At most so many.
    pub limit: usize,
    /// After the item that this was given out for.
    pub after: Option<String>,
    /// Steps over so many.
    pub offset: usize,
}

/// Declares the query of a list: its filters, and `limit`, `cursor` and `offset` beside them.
#[macro_export]
macro_rules! list_query {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(default)] pub $field: $type,)*
            /// Items of the page, from 1 to 1000; 50 if it is not given.
            #[serde(default)]
            #[param(minimum = 1, maximum = 1000)]
            pub limit: Option<u32>,
            /// `next_cursor` of the page before.
            #[serde(default)]
            pub cursor: Option<String>,
            /// Steps over so many items, at most 10000. A cursor is better: items that come meanwhile do not
            /// move it.
            #[serde(default)]
            #[param(minimum = 0, maximum = 10000)]
            pub offset: Option<u32>,
        }

        impl $name {
            /// The filters of a list of part of the list is asked for.
            pub fn paging(&self) -> Result<$crate::page::Paging, $crate::problem::Problem> {
                $crate::page::Paging::read(self.limit, self.cursor.as_deref(), self.offset)
            }
        }
    };
}

/// Declares the query of a list that can also be a file: a list's, with `format` and `raw` beside the filters.
#[macro_export]
macro_rules! table_query {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $crate::list_query! {
            $(#[$meta])*
            pub struct $name {
                $($(#[$field_meta])* pub $field: $type,)*
                /// The format of the answer. A file has all items at once, and takes none of `limit`, `cursor` and `offset`.
                #[param(inline)]
                pub format: $crate::export::AnswerFormat,
                /// True for texts in CSV as they are. Otherwise an apostrophe stands before those that a spreadsheet would
                /// take for a formula, such as `=1+1`; numbers and amounts never have one.
                pub raw: bool,
            }
        }

        impl $name {
            /// The format of the file that is asked for, which is no page; `None` for JSON.
            pub fn file(&self) -> Result<Option<$crate::export::TableFormat>, $crate::problem::Problem> {
                let file = self.format.file(self.raw);
                if file.is_some() {
                    $crate::page::refuse_paging(self.limit, self.cursor.as_deref(), self.offset)?;
                }
                Ok(file)
            }
        }
    };
}

/// Refuses the parameters of pages where a file is asked for.
pub fn refuse_paging(limit: Option<u32>, cursor: Option<&str>, offset: Option<u32>) -> Result<(), Problem> {
    let named = [("limit", limit.is_some()), ("cursor", cursor.is_some()), ("offset", offset.is_some())];
    match named.iter().find(|(_, is_there)| *is_there) {
        Some((name, _)) => Err(Problem::field(name, "is for pages of JSON; a file has all items")),
        None => Ok(()),
    }
}

impl Paging {
    /// From the three parameters of a query.
    pub fn read(limit: Option<u32>, cursor: Option<&str>, offset: Option<u32>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {LIMIT_MAX}")));
        }
        let offset = offset.unwrap_or(0);
        if offset > OFFSET_MAX {
            return Err(Problem::field("offset", format!("must be at most {OFFSET_MAX}; use a cursor")));
        }
        let after = cursor.map(read_cursor).transpose()?;
        Ok(Self { limit: limit as usize, after, offset: offset as usize })
    }

    /// A page of items that are at hand in order, each with the key that the cursor names it by. Keys are
    /// unique; the items begin behind the one that the cursor was given out for, which may be gone by now
    /// where `is_after` can still tell.
    pub fn page<T>(
        &self,
        items: impl Iterator<Item = (String, T)>,
        is_after: impl Fn(&str, &str) -> bool,
    ) -> Page<T> {
        // Lists that are in memory know how many there are; where items are filtered on the way, nobody does.
        let total = Some(items.size_hint()).filter(|(least, most)| *most == Some(*least));
        let total = total.map(|(count, _)| count as u64);
        let mut items = items
            .skip_while(|(key, _)| self.after.as_deref().is_some_and(|after| !is_after(key, after)))
            .skip(self.offset)
            .peekable();
        let mut taken = Vec::new();
        let mut last = None;
        while taken.len() < self.limit {
            let Some((key, item)) = items.next() else { break };
            last = Some(key);
            taken.push(item);
        }
        let next_cursor = last.filter(|_| items.peek().is_some()).map(|key| cursor(&key));
        Page { items: taken, next_cursor, total }
    }
}

impl Paging {
    /// A page of items by the order of their keys, which are unique.
    pub fn sorted<T>(&self, mut keyed: Vec<(String, T)>, is_backwards: bool) -> Page<T> {
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        if is_backwards {
            keyed.reverse();
        }
        let is_after = |key: &str, after: &str| if is_backwards { key < after } else { key > after };
        self.page(keyed.into_iter(), is_after)
    }
}

impl<T> Page<T> {
    /// A list that is short enough to be one page.
    pub fn whole(items: Vec<T>) -> Self {
        let total = Some(items.len() as u64);
        Self { items, next_cursor: None, total }
    }

    /// The same page with its items in another form.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(convert).collect();
        Page { items, next_cursor: self.next_cursor, total: self.total }
    }
}

/// The cursor that continues behind the item of this key.
pub fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn read_cursor(cursor: &str) -> Result<String, Problem> {
    let octets = URL_SAFE_NO_PAD.decode(cursor).ok();
    let key = octets.and_then(|octets| String::from_utf8(octets).ok());
    key.ok_or_else(|| Problem::field("cursor", "is not one that was given out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: Option<&str>, limit: usize, offset: usize) -> (Vec<u32>, Option<String>) {
        let paging = Paging { limit, after: after.map(ToOwned::to_owned), offset };
        let items = (1..=5).map(|number| (number.to_string(), number));
        let page = paging.page(items, |key, after| key > after);
        assert_eq!(page.total, Some(5), "whatever the page");
        (page.items, page.next_cursor)
    }

    #[test]
    fn pages_follow_one_another_without_gap() {
        let (first, next) = page(None, 2, 0);
        assert_eq!(first, [1, 2]);
        let key = read_cursor(&next.unwrap()).unwrap();
        let (second, next) = page(Some(&key), 2, 0);
        assert_eq!(second, [3, 4]);
        let key = read_cursor(&next.unwrap()).unwrap();
        assert_eq!(page(Some(&key), 2, 0), (vec![5], None));
        assert_eq!(page(None, 5, 0), (vec![1, 2, 3, 4, 5], None));
        assert_eq!(page(None, 2, 4), (vec![5], None));
    }

    #[test]
    fn what_is_filtered_on_the_way_is_not_counted() {
        let items = (1..=5).filter(|number| number % 2 == 1).map(|number| (number.to_string(), number));
        let page = Paging { limit: 9, ..Paging::default() }.page(items, |key, after| key > after);
        assert_eq!((page.items, page.total), (vec![1, 3, 5], None));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(Paging::read(Some(0), None, None).is_err());
        assert!(Paging::read(Some(1_001), None, None).is_err());
        assert!(Paging::read(None, Some("%"), None).is_err());
        assert!(Paging::read(None, None, Some(10_001)).is_err());
        assert_eq!(Paging::read(None, None, None).unwrap().limit, 50);
    }
}
