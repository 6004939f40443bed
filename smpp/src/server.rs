//! The tokio shell: listeners, one task per connection, and a drain that ends them all well.
//!
//! Sessions never touch a socket and connections never judge a PDU: the protocol is in [`crate::session`],
//! and this module only moves bytes, time and the handler's answers to and from it.

mod connection;
mod shared;
mod stats;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::handler::BindHandler;
use crate::penalty::{PenaltyBox, PenaltyConfig};
use crate::places::{NoPlace, Place, PlaceLimits, Places};
use crate::proxy::{TrustedProxies, read_header};
use crate::session::SessionConfig;
use connection::Connection;
use shared::{Phase, Shared};
pub use stats::{Counter, ServerStats};
use stats::{Gauge, Open};
pub use tls::{TlsError, TlsFiles};

/// After a failure to accept, which most likely means that there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that may wait to be accepted, where the system lets so many.
const BACKLOG: u32 = 4_096;
/// More connections than there can be, for a drain to wait for.
const TASKS_MAX: u32 = 1 << 30;
/// For sessions to notice that they are stopped; they need one look each.
const STOP_WAIT: Duration = Duration::from_millis(250);

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Addresses to listen on without TLS. Port 0 takes a free one.
    pub plain: Vec<SocketAddr>,
    /// Addresses to listen on with TLS, and the server's identity there.
    pub tls: Option<(Vec<SocketAddr>, TlsFiles)>,
    /// Connections at one time, bound or not. One that finds no place is closed at once.
    pub places: PlaceLimits,
    /// The proxies that say for whom they connect.
    pub trusted_proxies: TrustedProxies,
    /// The same for every session.
    pub session: SessionConfig,
    /// For binds with a wrong password.
    pub penalties: PenaltyConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            plain: Vec::new(),
            tls: None,
            places: PlaceLimits { all: 10_000, strangers: 1_000, strangers_per_address: 1_000 },
            trusted_proxies: TrustedProxies::default(),
            session: SessionConfig::default(),
            penalties: PenaltyConfig::default(),
        }
    }
}

/// The reason for which a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, not ours or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The filters of a list of one.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The TLS identity cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
}

/// A server that listens. Dropping it stops everything at once; [`Server::drain`] ends it well.
#[derive(Debug)]
pub struct Server {
    plain_addresses: Vec<SocketAddr>,
    tls_addresses: Vec<SocketAddr>,
    stats: Arc<ServerStats>,
    places: Arc<Places>,
    phase: watch::Sender<Phase>,
    tasks: Arc<Semaphore>,
}

impl Server {
    /// Opens every listener and begins to serve. Nothing listens when one of them fails.
    #[expect(
        clippy::unused_async,
        reason = "it opens sockets and spawns tasks, which only works on a runtime"
    )]
    pub async fn start<H: BindHandler>(config: ServerConfig, handler: Arc<H>) -> Result<Self, StartError> {
        let plain = listen(&config.plain)?;
        let (tls, acceptor) = match &config.tls {
            None => (Vec::new(), None),
            Some((addresses, files)) => (listen(addresses)?, Some(files.acceptor()?)),
        };
        let (phase, phase_of_connections) = watch::channel(Phase::Serving);
        let shared = Arc::new(Shared {
            handler,
            session: Arc::new(config.session),
            penalties: Mutex::new(PenaltyBox::new(config.penalties)),
            stats: Arc::default(),
            tasks: Arc::new(Semaphore::new(TASKS_MAX as usize)),
            places: Arc::new(Places::new(config.places)),
            trusted_proxies: config.trusted_proxies,
            phase: phase_of_connections,
        });
        let server = Self {
            plain_addresses: addresses(&plain),
            tls_addresses: addresses(&tls),
            stats: shared.stats.clone(),
            places: shared.places.clone(),
            phase,
            tasks: shared.tasks.clone(),
        };
        for listener in plain {
            tokio::spawn(accept(shared.clone(), listener, None));
        }
        for listener in tls {
            tokio::spawn(accept(shared.clone(), listener, acceptor.clone()));
        }
        Ok(server)
    }

    /// The addresses that it listens on without TLS, with the ports that it got.
    pub fn plain_addresses(&self) -> &[SocketAddr] {
        &self.plain_addresses
    }

    /// The addresses that it listens on with TLS, with the ports that it got.
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.tls_addresses
    }

    /// The counts of the server.
    pub fn stats(&self) -> &Arc<ServerStats> {
        &self.stats
    }

    /// The places of its connections, and the counts of those that found none.
    pub fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Ends well: accepts no more connections and binds, answers what is in flight, unbinds and closes.
    /// Sessions that are not done after `limit` are closed as they are. Returns when the last one is gone,
    /// whether in time or not.
    pub async fn drain(self, limit: Duration) {
        self.phase.send_replace(Phase::Draining);
        let all_gone = self.tasks.acquire_many(TASKS_MAX);
        if timeout(limit, all_gone).await.is_err() {
            self.phase.send_replace(Phase::Stopped);
            let _ = timeout(STOP_WAIT, self.tasks.acquire_many(TASKS_MAX)).await;
        }
    }
}

fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        let listener = listener(address);
        listeners.push(listener.map_err(|source| StartError::Listen { address, source })?);
    }
    Ok(listeners)
}

/// With room for many connections that come at once, so that a flood of some delays the others less.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// Accepts until the server drains.
async fn accept<H: BindHandler>(shared: Arc<Shared<H>>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut phase = shared.phase.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // A listener for both families names IPv4 peers in IPv6; a handler that knows them by IPv4 must see that.
        let peer = peer.ip().to_canonical();
        let is_proxy = shared.trusted_proxies.contains(peer);
        let Ok(place) = shared.places.enter(Some(peer).filter(|_| !is_proxy)) else { continue };
        let Ok(task) = shared.tasks.clone().try_acquire_owned() else { continue };
        shared.stats.connections_accepted.add(1);
        let accepted = Accepted { stream, peer, is_proxy, place: Arc::new(place), _task: task };
        tokio::spawn(serve(shared.clone(), accepted, tls.clone()));
    }
}

/// A connection that has just been accepted.
struct Accepted {
    stream: TcpStream,
    peer: IpAddr,
    /// True if the peer is a proxy that is about to say for whom it connects.
    is_proxy: bool,
    place: Arc<Place>,
    /// Keeps a drain waiting.
    _task: OwnedSemaphorePermit,
}

/// One connection from its first octet to its last.
async fn serve<H: BindHandler>(shared: Arc<Shared<H>>, accepted: Accepted, tls: Option<TlsAcceptor>) {
    let _open = Open::new(&shared.stats, Gauge::Connections);
    let Accepted { mut stream, mut peer, is_proxy, place, _task } = accepted;
    // Answers go out in batches of our own making, so the system has nothing to gain by waiting for more of
    // them. A socket that cannot be set so is about to fail anyway.
    let _ = stream.set_nodelay(true);
    if is_proxy {
        match peer_behind(&shared, &mut stream, &place).await {
            Some(Some(behind)) => peer = behind,
            Some(None) => {}
            None => return,
        }
    }
    let phase = shared.phase.clone();
    match tls {
        None => Connection::new(shared, stream, peer, place).run(phase).await,
        Some(acceptor) => match handshake(&shared, &acceptor, stream, &place).await {
            Some(stream) => Connection::new(shared, stream, peer, place).run(phase).await,
            None => shared.stats.handshakes_failed.add(1),
        },
    }
}

/// The address that a proxy connects for, which has a place from here on. `None` where the connection is to be closed.
async fn peer_behind<H>(shared: &Shared<H>, stream: &mut TcpStream, place: &Place) -> Option<Option<IpAddr>> {
    let mut phase = shared.phase.clone();
    let header = tokio::select! {
        biased;
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => return None,
        () = place.sent_away() => return None,
        header = read_header(stream) => header,
    };
    let Ok(behind) = header else {
        shared.places.count(NoPlace::NoProxyHeader, stream.peer_addr().ok().map(|proxy| proxy.ip()));
        return None;
    };
    match behind {
        Some(address) => place.belongs_to(address).ok().map(|()| behind),
        None => Some(None),
    }
}

/// `None` where it fails, takes longer than a bind may take, or the server drains meanwhile.
async fn handshake<H>(
    shared: &Shared<H>,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    place: &Place,
) -> Option<TlsStream<TcpStream>> {
    let mut phase = shared.phase.clone();
    tokio::select! {
        biased;
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => None,
        () = place.sent_away() => None,
        shaken = timeout(shared.session.timers.session_init, acceptor.accept(stream)) => shaken.ok()?.ok(),
    }
}
