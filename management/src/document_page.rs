//! Lists of documents that are not cached: read from the books a page at a time, the newest first.

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::page::{Page, Paging, cursor};
use tollgate_api::problem::Problem;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Store;

use crate::identity::visibility::Visibility;
use crate::problems::unavailable;

/// Documents that are looked at for one page.
const LOOKED_AT_MAX: usize = 5_000;
/// Documents that are looked at to count those of all pages.
const COUNTED_MAX: usize = 1_000;

/// The account that a list is of: the one that is asked for, or the caller's own where it reaches no other.
pub fn account_of_list<'a>(
    visibility: &Visibility,
    caller: &'a Caller,
    asked: Option<&'a str>,
) -> Answer<Option<&'a str>> {
    let own = match &caller.reach {
        Reach::Account(own) => Some(own.as_str()),
        Reach::All | Reach::Subtree(_) => None,
    };
    let account = asked.or(own);
    match account.filter(|account| !visibility.may_see(caller, account)) {
        Some(account) => Err(Problem::not_found(format!("there is no account `{account}`"))),
        None => Ok(account),
    }
}

/// A page of the documents whose keys begin so, and how many there are on all pages, where they are not too many to count.
/// `read` makes an item of a document's octets, or nothing where it is not wanted.
pub fn page_down<T>(
    store: &Store,
    documents: (Collection, &str),
    paging: &Paging,
    mut read: impl FnMut(&[u8]) -> Answer<Option<T>>,
) -> Answer<Page<T>> {
    let (mut items, mut skipped, mut looked_at) = (Vec::new(), 0, 0);
    let (mut last, mut is_more, mut fault) = (None, false, None);
    let (before, (collection, prefix)) = (paging.after.as_deref().map(str::as_bytes), documents);
    let visited = store.documents().list_before(collection, prefix.as_bytes(), before, |key, row| {
        if items.len() == paging.limit || looked_at == LOOKED_AT_MAX {
            is_more = true;
            return false;
        }
        looked_at += 1;
        last = Some(String::from_utf8_lossy(key).into_owned());
        match read(&row.body) {
            Ok(None) => {}
            Ok(Some(_)) if skipped < paging.offset => skipped += 1,
            Ok(Some(item)) => items.push(item),
            Err(problem) => fault = Some(problem),
        }
        fault.is_none()
    });
    visited.map_err(|error| unavailable(&error))?;
    if let Some(problem) = fault {
        return Err(problem);
    }
    let is_whole = paging.after.is_none() && !is_more;
    let total = if is_whole { Some(skipped + items.len()) } else { count(store, documents, read)? };
    let next_cursor = last.filter(|_| is_more).map(|key| cursor(&key));
    Ok(Page { items, next_cursor, total: total.and_then(|total| u64::try_from(total).ok()) })
}

/// The number of documents that `read` wants; nothing where there are more to look at than is done for a page.
fn count<T>(
    store: &Store,
    (collection, prefix): (Collection, &str),
    mut read: impl FnMut(&[u8]) -> Answer<Option<T>>,
) -> Answer<Option<usize>> {
    let (mut wanted, mut looked_at, mut fault) = (0, 0, None);
    let visited = store.documents().list_before(collection, prefix.as_bytes(), None, |_, row| {
        looked_at += 1;
        match read(&row.body) {
            _ if looked_at > COUNTED_MAX => {}
            Ok(item) => wanted += usize::from(item.is_some()),
            Err(problem) => fault = Some(problem),
        }
        fault.is_none() && looked_at <= COUNTED_MAX
    });
    visited.map_err(|error| unavailable(&error))?;
    match fault {
        Some(problem) => Err(problem),
        None => Ok((looked_at <= COUNTED_MAX).then_some(wanted)),
    }
}

/// The contents of a document, which is called `what` where they cannot be read.
pub fn readable<T>(read: serde_json::Result<T>, what: &str) -> Answer<T> {
    read.map_err(|error| {
        tracing::error!(%error, "{what} cannot be read");
        Problem::internal(format!("{what} of the books cannot be read"))
    })
}
