//! The ring of changes that all streams read from, each at its own place, and the figures of now.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use super::dto::{AccountFigures, LiveFigures, StreamChange};
use super::topics::Topic;
use crate::answer::Answer;
use crate::problem::Problem;

/// Changes that are kept for those who come back.
const CHANGES_MAX: usize = 1_024;
/// Streams of one session.
const STREAMS_PER_SESSION_MAX: usize = 8;
/// Streams in all.
const STREAMS_MAX: usize = 256;
/// Seconds after which to try again where there are too many streams.
const RETRY_SECONDS: u64 = 10;

/// A change of a thing, and the account that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The kind of the thing.
    pub topic: Topic,
    /// The key of the thing among those of its kind.
    pub id: String,
    /// Counts up with each change of the thing; zero where it is gone.
    pub revision: u64,
    /// The account whose thing it is.
    pub of: Owner,
}

/// The owner of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// It belongs to an account: heard of by whoever sees that account.
    Account(String),
    /// It belongs to the house: heard of by those who see all accounts.
    House,
    /// It holds for everybody whose role may ask for it.
    Everybody,
}

/// The figures that a stream has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Audience {
    /// Those of the house.
    House,
    /// Those of an account.
    Account(String),
}

/// The figures for one audience.
pub(super) enum Figures {
    House(LiveFigures),
    Account(AccountFigures),
}

/// The changes and figures that streams tell, and how many streams there are.
pub struct Hub {
    /// Tells this start of the daemon from others, whose numbers of changes are none of these.
    epoch: u64,
    state: Mutex<State>,
    /// Counted up whenever there is something new.
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// The number of the last change.
    last: u64,
    changes: VecDeque<Arc<Kept>>,
    figures: HashMap<Audience, (u64, Bytes)>,
    /// Streams by session, and by whose figures they have.
    sessions: HashMap<String, usize>,
    audiences: HashMap<Audience, usize>,
    is_closed: bool,
}

/// A change in the ring, as it is sent.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) topic: Topic,
    pub(super) of: Owner,
    pub(super) data: Bytes,
}

/// The place of a stream among all of them, as long as this value lives.
pub(super) struct Place {
    hub: Arc<Hub>,
    session: String,
    audience: Audience,
}

/// The place at which a stream reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The number of the last change that it has seen.
    pub(super) change: u64,
    /// The number of the last figures that it has seen.
    pub(super) figures: u64,
    /// True if changes have gone that it has not seen.
    pub(super) is_lost: bool,
}

/// The part that a stream has not seen yet.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) is_lost: bool,
    pub(super) changes: Vec<Arc<Kept>>,
    pub(super) figures: Option<Bytes>,
    pub(super) is_closed: bool,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Hub {
    /// Of this start of the daemon, which no other has the number of.
    pub fn new(epoch: u64) -> Self {
        Self { epoch, state: Mutex::default(), news: watch::Sender::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all streams of changes.
    pub fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        let mut state = self.state();
        let before = state.last;
        for Change { topic, id, revision, of } in changes {
            state.last += 1;
            let data = written(&StreamChange { topic, id, revision });
            let number = state.last;
            state.changes.push_back(Arc::new(Kept { number, topic, of, data }));
            if state.changes.len() > CHANGES_MAX {
                state.changes.pop_front();
            }
        }
        if state.last > before {
            drop(state);
            self.news.send_modify(|version| *version += 1);
        }
    }

    /// Ends all streams, as the daemon stops. There are no new ones.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.news.send_modify(|version| *version += 1);
    }

    /// Those whose figures are wanted.
    pub(super) fn audiences(&self) -> Vec<Audience> {
        self.state().audiences.keys().cloned().collect()
    }

    /// Replaces the figures of all, and wakes all streams.
    pub(super) fn show(&self, all: Vec<(Audience, Figures)>) {
        let written = all.into_iter().map(|(audience, figures)| {
            let data = match figures {
                Figures::House(figures) => written(&figures),
                Figures::Account(figures) => written(&figures),
            };
            (audience, data)
        });
        let written: Vec<_> = written.collect();
        let version = *self.news.borrow() + 1;
        self.state().figures =
            written.into_iter().map(|(audience, data)| (audience, (version, data))).collect();
        self.news.send_modify(|version| *version += 1);
    }

    /// A place for one more stream of a session.
    pub(super) fn enter(self: &Arc<Self>, session: &str, audience: Audience) -> Answer<Place> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Problem::unavailable("the daemon stops").retry_after(RETRY_SECONDS));
        }
        let in_all: usize = state.sessions.values().sum();
        let of_session = state.sessions.get(session).copied().unwrap_or_default();
        if of_session >= STREAMS_PER_SESSION_MAX || in_all >= STREAMS_MAX {
            let most = if in_all >= STREAMS_MAX { STREAMS_MAX } else { STREAMS_PER_SESSION_MAX };
            let detail = format!("there are {most} streams already; a browser needs one for all its tabs");
            return Err(Problem::too_many_requests(detail).retry_after(RETRY_SECONDS));
        }
        *state.sessions.entry(session.to_owned()).or_default() += 1;
        *state.audiences.entry(audience.clone()).or_default() += 1;
        Ok(Place { hub: Arc::clone(self), session: session.to_owned(), audience })
    }

    /// The place at which a stream goes on that has seen this event last; at the end where it begins.
    pub(super) fn cursor(&self, last_id: Option<&str>) -> Cursor {
        let last = self.state().last;
        let Some(id) = last_id.filter(|id| !id.is_empty()) else {
            return Cursor { change: last, ..Cursor::default() };
        };
        let seen = id.split_once('-').and_then(|(epoch, number)| {
            let is_of_here = epoch.parse() == Ok(self.epoch);
            number.parse().ok().filter(|number| is_of_here && *number <= last)
        });
        Cursor { change: seen.unwrap_or(last), figures: 0, is_lost: seen.is_none() }
    }

    /// The id of an event that is sent where a stream has come so far.
    pub(super) fn id(&self, change: u64) -> String {
        format!("{}-{change}", self.epoch)
    }

    /// Tells when there is something new.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// The part that a stream has not seen yet. It has seen it then.
    pub(super) fn news(&self, place: &Place, cursor: &mut Cursor) -> News {
        let state = self.state();
        let first = state.changes.front().map_or(state.last + 1, |kept| kept.number);
        let is_lost = cursor.is_lost || cursor.change + 1 < first;
        let behind = |kept: &&Arc<Kept>| !is_lost && kept.number > cursor.change;
        let changes = state.changes.iter().filter(behind).cloned().collect();
        let figures = state.figures.get(&place.audience).filter(|(version, _)| *version > cursor.figures);
        let figures = figures.cloned();
        let seen = figures.as_ref().map_or(cursor.figures, |(version, _)| *version);
        *cursor = Cursor { change: state.last, figures: seen, is_lost: false };
        let is_closed = state.is_closed;
        News { is_lost, changes, figures: figures.map(|(_, data)| data), is_closed }
    }
}

impl Place {
    /// The event that has the figures of this stream.
    pub(super) fn event(&self) -> &'static str {
        match self.audience {
            Audience::House => "live",
            Audience::Account(_) => "account",
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        leave(&mut state.sessions, &self.session);
        leave(&mut state.audiences, &self.audience);
    }
}

/// Takes one away, and forgets who has none left.
fn leave<K: std::hash::Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// A plain value as JSON in one line.
fn written(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: u64) -> Change {
        Change { topic: Topic::Accounts, id: format!("a{number}"), revision: number, of: Owner::House }
    }

    fn numbers(news: &News) -> Vec<u64> {
        news.changes.iter().map(|kept| kept.number).collect()
    }

    #[test]
    fn a_stream_goes_on_where_it_was() {
        let hub = Arc::new(Hub::new(7));
        let place = hub.enter("s", Audience::House).unwrap();
        hub.tell([change(1), change(2)]);
        let mut cursor = hub.cursor(None);
        assert!(hub.news(&place, &mut cursor).changes.is_empty(), "it begins with what comes");
        hub.tell([change(3)]);
        let news = hub.news(&place, &mut cursor);
        assert_eq!(numbers(&news), [3]);
        assert_eq!(&*news.changes[0].data, br#"{"topic":"accounts","id":"a3","revision":3}"#);
        let mut back = hub.cursor(Some("7-1"));
        let news = hub.news(&place, &mut back);
        assert_eq!((numbers(&news), news.is_lost), (vec![2, 3], false));
        assert_eq!(hub.id(back.change), "7-3");
        assert!(hub.news(&place, &mut back).changes.is_empty());
    }

    #[test]
    fn who_has_missed_too_much_or_comes_from_elsewhere_is_told_so() {
        let hub = Arc::new(Hub::new(7));
        let place = hub.enter("s", Audience::House).unwrap();
        let kept = CHANGES_MAX as u64;
        hub.tell((1..=kept + 5).map(change));
        for (id, is_lost, count) in [
            ("7-4", true, 0),
            ("7-5", false, CHANGES_MAX),
            ("6-1029", true, 0),
            ("7-9999", true, 0),
            ("x", true, 0),
            ("7-", true, 0),
            ("", false, 0),
        ] {
            let mut cursor = hub.cursor(Some(id));
            let news = hub.news(&place, &mut cursor);
            assert_eq!((news.is_lost, news.changes.len()), (is_lost, count), "{id}");
            assert_eq!(cursor.change, kept + 5, "{id}: from here on nothing is missed");
        }
    }

    #[test]
    fn streams_are_counted_by_session_and_in_all() {
        let hub = Arc::new(Hub::new(7));
        let mut places: Vec<_> = (0..8).map(|_| hub.enter("s", Audience::House).unwrap()).collect();
        assert_eq!(hub.enter("s", Audience::House).err().unwrap().code, "too_many_requests");
        places.pop();
        places.push(hub.enter("s", Audience::Account("a".to_owned())).unwrap());
        assert_eq!(hub.audiences().len(), 2);
        let others = (8..STREAMS_MAX).map(|number| hub.enter(&number.to_string(), Audience::House));
        places.extend(others.map(Result::unwrap));
        assert!(hub.enter("new", Audience::House).is_err());
        drop(places);
        assert!(hub.audiences().is_empty() && hub.state().sessions.is_empty());
        hub.close();
        assert_eq!(hub.enter("s", Audience::House).err().unwrap().code, "unavailable");
    }
}
