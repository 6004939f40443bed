//! The place of a connection while a request of it arrives and is answered.
//!
//! Whoever is still sending a request is a stranger like any other: it goes when its place is needed, the one that began
//! first before the others, however many octets it has sent meanwhile. From the end of the request to the last octet of
//! the answer its place is its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use tokio::time::Sleep;
use tollgate_api::stream::ConnectionEnd;
use tollgate_smpp::places::Place;

/// One request, from its head to the last octet of its answer.
pub(super) struct Exchange {
    place: Arc<Place>,
    /// Held while the place is told, so that the end of a body cannot overtake the end of the answer.
    is_answered: Mutex<bool>,
}

/// The body of a request. A client that sends none of it for a while is cut off.
pub(super) struct RequestBody {
    body: Incoming,
    exchange: Option<Arc<Exchange>>,
    connection: ConnectionEnd,
    silence: Duration,
    cut_off: Option<Pin<Box<Sleep>>>,
}

/// The body of a response, with what keeps its connection.
pub(super) struct ResponseBody {
    body: Body,
    exchange: Arc<Exchange>,
}

impl Exchange {
    /// The head of a request has arrived.
    pub(super) fn begin(place: &Arc<Place>) -> Arc<Self> {
        place.heard();
        Arc::new(Self { place: Arc::clone(place), is_answered: Mutex::new(false) })
    }

    /// The request has arrived whole, or the rest of it is not wanted.
    fn has_arrived(&self) {
        let is_answered = self.is_answered.lock();
        if !*is_answered {
            self.place.asks();
        }
    }

    fn is_answered(&self) {
        let mut is_answered = self.is_answered.lock();
        *is_answered = true;
        self.place.heard();
    }
}

impl RequestBody {
    pub(super) fn new(
        body: Incoming,
        exchange: Arc<Exchange>,
        connection: ConnectionEnd,
        silence: Duration,
    ) -> Self {
        let mut body = Self { body, exchange: Some(exchange), connection, silence, cut_off: None };
        if body.body.is_end_stream() {
            body.has_arrived();
        }
        body
    }

    fn has_arrived(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.has_arrived();
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.has_arrived();
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.cut_off = None;
            if frame.is_none() || self.body.is_end_stream() {
                self.has_arrived();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        let silence = self.silence;
        let cut_off = self.cut_off.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
        ready!(cut_off.as_mut().poll(cx));
        self.connection.cut();
        Poll::Ready(Some(Err(axum::Error::new("the body does not come to its end"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl ResponseBody {
    pub(super) fn new(body: Body, exchange: Arc<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.exchange.is_answered();
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
