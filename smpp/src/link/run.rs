//! A link's task: connects, serves, waits and connects again, until it is stopped.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use super::backoff::{self, Backoff};
use super::config::LinkConfig;
use super::connection::{Connection, Ended};
use super::down::LinkDown;
use super::handler::LinkHandler;
use super::shared::{Phase, Shared};
use super::tls;

pub(super) struct Task<H> {
    pub(super) config: Arc<LinkConfig>,
    pub(super) handler: H,
    pub(super) shared: Arc<Shared>,
    pub(super) phase: watch::Receiver<Phase>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl<H: LinkHandler> Task<H> {
    pub(super) async fn run(mut self) {
        let config = self.config.clone();
        let seed = backoff::seed(&config.host, config.port);
        let mut backoff = Backoff::new(config.reconnect_min, config.reconnect_max, seed);
        let mut delivers_before = 0;
        loop {
            self.handler.connecting();
            match self.connect().await {
                Err(reason) => self.handler.failed(&reason),
                Ok(stream) => {
                    let ended = match stream {
                        Stream::Plain(stream) => self.serve(stream, delivers_before).await,
                        Stream::Tls(stream) => self.serve(stream, delivers_before).await,
                    };
                    delivers_before = ended.delivers_before;
                    if let Some(bound_for) = ended.bound_for {
                        backoff.was_bound(bound_for);
                    }
                }
            }
            tokio::select! {
                biased;
                () = ended(&mut self.phase) => return,
                () = sleep(backoff.delay()) => {}
            }
        }
    }

    async fn connect(&mut self) -> Result<Stream, LinkDown> {
        tokio::select! {
            biased;
            () = ended(&mut self.phase) => Err(LinkDown::Stopped),
            opened = timeout(self.config.connect, open(&self.config)) => {
                opened.unwrap_or(Err(LinkDown::ConnectTimedOut))
            }
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S, delivers_before: u32) -> Ended {
        let Self { config, handler, shared, phase } = self;
        Connection::new(config.clone(), handler, shared, stream, delivers_before).run(phase).await
    }
}

/// Once the link is to end, well or at once.
async fn ended(phase: &mut watch::Receiver<Phase>) {
    // An error says that the link was dropped, which ends it too.
    let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
}

async fn open(config: &LinkConfig) -> Result<Stream, LinkDown> {
    let tls = match &config.tls {
        Some(tls) => Some(tls::connector(config, tls).await?),
        None => None,
    };
    let connected = TcpStream::connect((config.host.as_str(), config.port)).await;
    let stream = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    let stream = stream.map_err(|error| LinkDown::Connect(error.kind()))?;
    match tls {
        None => Ok(Stream::Plain(stream)),
        Some((connector, name)) => {
            let agreed = connector.connect(name, stream).await;
            agreed
                .map(|stream| Stream::Tls(Box::new(stream)))
                .map_err(|error| LinkDown::Tls(error.to_string()))
        }
    }
}
