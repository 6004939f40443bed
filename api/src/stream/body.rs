//! The body of one stream: a task of its own that writes what is new as soon as the peer has taken what was new before.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::connection_end::ConnectionEnd;
use super::dto::StreamEnd;
use super::hub::{Cursor, Kept, News, Owner, Place};
use super::service::StreamService;
use super::topics::Topic;
use crate::caller::Caller;

/// The time that a peer has to take what is new. One that does not is cut off.
const TAKEN_MAX: Duration = Duration::from_secs(10);
/// The longest silence. A line that means nothing ends it, so that proxies keep the connection.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// Far beyond the life of a session.
const FAR_AWAY: Duration = Duration::from_hours(24 * 366);
/// The first line: browsers that lose the connection come back after so many milliseconds.
const FIRST: &str = "retry: 2000\n\n";
/// A line that means nothing.
const HEARTBEAT: &str = ":\n\n";

/// A stream of a caller.
pub(super) struct Reader {
    pub(super) service: Arc<dyn StreamService>,
    pub(super) caller: Caller,
    /// The topics that it hears of, all of which it may ask for.
    pub(super) topics: Vec<Topic>,
    pub(super) place: Place,
    pub(super) cursor: Cursor,
    /// The time after which it ends by itself.
    pub(super) lasts: Option<Duration>,
}

/// The pieces of a body, in the order in which they are sent.
pub(super) struct Pieces(mpsc::Receiver<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|piece| piece.map(Ok))
    }
}

/// Begins a stream. Its task ends when the body is dropped, as with its connection.
pub(super) fn begin(reader: Reader, end: Option<ConnectionEnd>) -> Pieces {
    // One piece at a time: what comes while it is not taken waits in the ring, for all streams alike.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(reader.run(sender, end));
    Pieces(receiver)
}

impl Reader {
    async fn run(mut self, sender: mpsc::Sender<Bytes>, end: Option<ConnectionEnd>) {
        let mut listening = self.service.hub().listen();
        let ends_at = Instant::now() + self.lasts.unwrap_or(FAR_AWAY);
        let mut piece = FIRST.to_owned();
        loop {
            let over = self.push_news(&mut piece, Instant::now() >= ends_at);
            if !piece.is_empty() {
                let sent = timeout(TAKEN_MAX, sender.send(Bytes::from(std::mem::take(&mut piece)))).await;
                match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => {
                        if let Some(end) = end {
                            end.cut();
                        }
                        return;
                    }
                }
            }
            if over {
                return;
            }
            let quiet_until = ends_at.min(Instant::now() + SILENCE_MAX);
            tokio::select! {
                () = sender.closed() => return,
                woken = timeout_at(quiet_until, listening.changed()) => match woken {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => HEARTBEAT.clone_into(&mut piece),
                },
            }
        }
    }

    /// Appends what is new. True if the stream is over with it.
    fn push_news(&mut self, piece: &mut String, is_done: bool) -> bool {
        let service = Arc::clone(&self.service);
        let hub = service.hub();
        if !service.goes_on(&self.caller) {
            self.push_end(piece, StreamEnd::SessionOver);
            return true;
        }
        let News { is_lost, changes, figures, is_closed } = hub.news(&self.place, &mut self.cursor);
        let id = hub.id(self.cursor.change);
        if is_lost {
            push(piece, "resync", &id, "{}");
        }
        for kept in changes.iter().filter(|kept| self.hears_of(kept)) {
            push(piece, "change", &hub.id(kept.number), &String::from_utf8_lossy(&kept.data));
        }
        if let Some(figures) = figures {
            push(piece, self.place.event(), &id, &String::from_utf8_lossy(&figures));
        }
        if is_closed || is_done {
            self.push_end(piece, if is_closed { StreamEnd::Stopping } else { StreamEnd::Done });
        }
        is_closed || is_done
    }

    fn push_end(&self, piece: &mut String, end: StreamEnd) {
        let id = self.service.hub().id(self.cursor.change);
        push(piece, "end", &id, &serde_json::to_string(&end).unwrap_or_default());
    }

    fn hears_of(&self, kept: &Kept) -> bool {
        self.topics.contains(&kept.topic)
            && match &kept.of {
                Owner::Everybody => true,
                Owner::House => self.caller.reaches_all(),
                Owner::Account(account) => self.service.may_see(&self.caller, account),
            }
    }
}

/// Appends an event. Its data is one line, as all JSON that is written here.
fn push(piece: &mut String, event: &str, id: &str, data: &str) {
    for part in ["event: ", event, "\nid: ", id, "\ndata: ", data, "\n\n"] {
        piece.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::dto::{AccountFigures, LiveFigures};
    use super::super::hub::{Audience, Change, Hub};
    use super::*;
    use crate::caller::{Reach, Role};

    struct Service {
        hub: Arc<Hub>,
        goes_on: AtomicBool,
    }

    impl StreamService for Service {
        fn hub(&self) -> &Arc<Hub> {
            &self.hub
        }

        fn goes_on(&self, _: &Caller) -> bool {
            self.goes_on.load(Ordering::Relaxed)
        }

        fn may_see(&self, caller: &Caller, account: &str) -> bool {
            caller.account().is_none_or(|own| own == account)
        }

        fn found(&self) -> Vec<Change> {
            Vec::new()
        }

        fn house(&self) -> Option<LiveFigures> {
            None
        }

        fn account(&self, _: &str) -> Option<AccountFigures> {
            None
        }
    }

    fn service() -> Arc<Service> {
        Arc::new(Service { hub: Arc::new(Hub::new(7)), goes_on: AtomicBool::new(true) })
    }

    fn reader(service: &Arc<Service>, caller: Caller, last_id: Option<&str>) -> Reader {
        let place = service.hub.enter("s", Audience::House).unwrap();
        let cursor = service.hub.cursor(last_id);
        let topics = vec![Topic::Accounts, Topic::Tariff];
        Reader { service: Arc::clone(service) as _, caller, topics, place, cursor, lasts: None }
    }

    fn change(topic: Topic, id: &str, of: Owner) -> Change {
        Change { topic, id: id.to_owned(), revision: 1, of }
    }

    async fn next(pieces: &mut Pieces) -> Option<String> {
        let piece = poll_fn(|cx| Pin::new(&mut *pieces).poll_next(cx)).await?;
        Some(String::from_utf8(piece.unwrap().to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn each_hears_of_what_is_its_own() {
        let service = service();
        let customer =
            Caller { role: Role::Customer, reach: Reach::Account("a".to_owned()), ..Caller::system() };
        let mut house = begin(reader(&service, Caller::system(), None), None);
        let mut own = begin(reader(&service, customer, None), None);
        assert_eq!(next(&mut house).await.unwrap(), FIRST);
        assert_eq!(next(&mut own).await.unwrap(), FIRST);
        let account = |id: &str| change(Topic::Accounts, id, Owner::Account(id.to_owned()));
        let tariff = change(Topic::Tariff, "v", Owner::Everybody);
        let not_asked_for = change(Topic::Users, "u", Owner::House);
        service.hub.tell([account("a"), account("b"), tariff, not_asked_for]);
        let (all, some) = (next(&mut house).await.unwrap(), next(&mut own).await.unwrap());
        assert_eq!(all.matches("event: change\n").count(), 3, "{all}");
        let first = "event: change\nid: 7-1\ndata: {\"topic\":\"accounts\",\"id\":\"a\",\"revision\":1}\n\n";
        assert!(some.starts_with(first), "{some}");
        assert!(
            some.ends_with("id: 7-3\ndata: {\"topic\":\"tariff\",\"id\":\"v\",\"revision\":1}\n\n"),
            "{some}"
        );
        assert_eq!(next(&mut own).await.unwrap(), HEARTBEAT, "silence is not taken for an end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_its_session_or_the_daemon() {
        let service = service();
        let mut pieces = begin(reader(&service, Caller::system(), Some("1-1")), None);
        let first = next(&mut pieces).await.unwrap();
        assert_eq!(first, format!("{FIRST}event: resync\nid: 7-0\ndata: {{}}\n\n"));
        service.goes_on.store(false, Ordering::Relaxed);
        service.hub.tell([change(Topic::Accounts, "a", Owner::House)]);
        let last = next(&mut pieces).await.unwrap();
        assert_eq!(last, "event: end\nid: 7-0\ndata: {\"reason\":\"session_over\"}\n\n");
        assert_eq!(next(&mut pieces).await, None);

        service.goes_on.store(true, Ordering::Relaxed);
        let mut pieces = begin(reader(&service, Caller::system(), Some("7-0")), None);
        assert!(next(&mut pieces).await.unwrap().contains("id: 7-1\n"), "what it has missed comes first");
        service.hub.close();
        assert!(next(&mut pieces).await.unwrap().contains("stopping"));
        assert_eq!(next(&mut pieces).await, None);
        assert!(service.hub.audiences().is_empty(), "its place is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_cut_off() {
        let (service, end) = (service(), ConnectionEnd::default());
        let pieces = begin(reader(&service, Caller::system(), None), Some(end.clone()));
        let telling = async {
            for _ in 0..100 {
                service.hub.tell([change(Topic::Accounts, "a", Owner::House)]);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = end.is_cut() => {}
            () = telling => panic!("it was never cut off"),
        }
        assert!(service.hub.audiences().is_empty(), "its place is free again");
        drop(pieces);
    }
}
