//! The HTTP server under the API, the health checks and the metrics: connections with limits, and heads of requests with a
//! time-out. Requests are the router's.

mod presence;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tollgate_api::stream::ConnectionEnd;
use tollgate_smpp::places::{NoPlace, Place, PlaceLimits, Places};
use tollgate_smpp::proxy::{TrustedProxies, read_header};
use tower_service::Service;

use presence::{Exchange, RequestBody, ResponseBody};

/// After a failure to accept, which most likely means that there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits of one listener.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at one time.
    pub connections: u32,
    /// Of those, connections of one address.
    pub connections_per_address: u32,
    /// Time for the head of a request, for which a connection may wait for the next one, and for which a body may stop.
    pub header_timeout: Duration,
    /// The proxies that say for whom they connect.
    pub trusted_proxies: TrustedProxies,
}

/// A listener that serves.
#[derive(Debug)]
pub struct HttpListener {
    /// Its address, with the port that it got.
    pub address: SocketAddr,
    /// The places of its connections.
    pub places: Arc<Places>,
}

/// The parts that all connections of a listener share.
struct Shared {
    router: Router,
    limits: HttpLimits,
    places: Arc<Places>,
}

/// Serves on this runtime until it ends.
pub async fn serve(
    runtime: &Handle,
    address: SocketAddr,
    router: Router,
    limits: HttpLimits,
) -> std::io::Result<HttpListener> {
    let listening = runtime.spawn(async move {
        let listener = TcpListener::bind(address).await?;
        Ok::<_, std::io::Error>((listener.local_addr()?, listener))
    });
    let (address, listener) = listening.await.map_err(std::io::Error::other)??;
    let places = Arc::new(Places::new(PlaceLimits {
        all: limits.connections,
        strangers: limits.connections,
        strangers_per_address: limits.connections_per_address,
    }));
    let shared = Arc::new(Shared { router, limits, places: Arc::clone(&places) });
    runtime.spawn(accept(listener, shared));
    Ok(HttpListener { address, places })
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let address = peer.ip().to_canonical();
        let is_proxy = shared.limits.trusted_proxies.contains(address);
        if let Ok(place) = shared.places.enter(Some(address).filter(|_| !is_proxy)) {
            tokio::spawn(connection(Arc::clone(&shared), stream, peer, is_proxy, Arc::new(place)));
        }
    }
}

/// One connection from its first octet to its last.
async fn connection(
    shared: Arc<Shared>,
    mut stream: TcpStream,
    mut peer: SocketAddr,
    is_proxy: bool,
    place: Arc<Place>,
) {
    if is_proxy {
        match peer_behind(&shared, &mut stream, peer.ip(), &place).await {
            Some(Some(behind)) => peer.set_ip(behind),
            Some(None) => {}
            None => return,
        }
    }
    // Answers are written whole; a socket that cannot be set so is about to fail anyway.
    let _ = stream.set_nodelay(true);
    let (router, of_connection) = (shared.router.clone(), Arc::clone(&place));
    let end = ConnectionEnd::default();
    let (of_requests, silence) = (end.clone(), shared.limits.header_timeout);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(of_requests.clone());
        let exchange = Exchange::begin(&of_connection);
        let arriving = Arc::clone(&exchange);
        let request = request.map(|body| RequestBody::new(body, arriving, of_requests.clone(), silence));
        let answer = Service::call(&mut router.clone(), request);
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, exchange)))
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(shared.limits.header_timeout);
    tokio::select! {
        // Whether a client breaks off is its own affair.
        _ = server.serve_connection(TokioIo::new(stream), service) => {}
        () = place.sent_away() => {}
        () = end.is_cut() => {}
    }
}

/// The address that a proxy connects for, which has the place from here on. `None` where the connection is to be closed.
async fn peer_behind(
    shared: &Shared,
    stream: &mut TcpStream,
    proxy: IpAddr,
    place: &Place,
) -> Option<Option<IpAddr>> {
    let header = tokio::select! {
        biased;
        () = place.sent_away() => return None,
        header = read_header(stream) => header,
    };
    let Ok(behind) = header else {
        shared.places.count(NoPlace::NoProxyHeader, Some(proxy));
        return None;
    };
    match behind {
        Some(address) => place.belongs_to(address).ok().map(|()| behind),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    fn limits() -> HttpLimits {
        HttpLimits {
            connections: 20,
            connections_per_address: 5,
            header_timeout: Duration::from_mins(1),
            trusted_proxies: TrustedProxies::default(),
        }
    }

    async fn listener(limits: HttpLimits) -> HttpListener {
        let shown = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let length = |body: String| async move { body.len().to_string() };
        let router = Router::new().route("/", get(shown).post(length));
        serve(&Handle::current(), ([127, 0, 0, 1], 0).into(), router, limits).await.unwrap()
    }

    /// All that comes back until the server closes.
    async fn exchange(address: SocketAddr, octets: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(octets).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses may also reset the connection.
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("in time");
        String::from_utf8(answer).unwrap()
    }

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn idle_connections_of_one_address_keep_nobody_out() {
        let listener = listener(limits()).await;
        let mut idle = Vec::new();
        for _ in 0..50 {
            idle.push(TcpStream::connect(listener.address).await.unwrap());
        }
        let answer = exchange(listener.address, REQUEST.as_bytes()).await;
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
        assert!(listener.places.refused(NoPlace::SentAway) >= 45);
        assert!(listener.places.taken() <= 6);
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_cut_off() {
        let limits = HttpLimits { header_timeout: Duration::from_millis(50), ..limits() };
        let listener = listener(limits).await;
        exchange(listener.address, b"GET / HTTP/1.1\r\nHost: ").await;
        exchange(listener.address, b"").await;
    }

    const POST: &str = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";

    #[tokio::test]
    async fn bodies_that_do_not_end_keep_nobody_out() {
        let listener = listener(limits()).await;
        let mut slow = Vec::new();
        for number in 0..50 {
            let mut stream = TcpStream::connect(listener.address).await.unwrap();
            stream.write_all(POST.as_bytes()).await.unwrap();
            stream.write_all(b"a").await.unwrap();
            slow.push(stream);
            let answer = exchange(listener.address, REQUEST.as_bytes()).await;
            assert!(answer.ends_with("127.0.0.1"), "beside {number}: {answer}");
        }
        assert!(listener.places.taken() <= 6);
        let answer = exchange(listener.address, format!("{POST}body").as_bytes()).await;
        assert!(answer.ends_with("\r\n4"), "{answer}");
    }

    #[tokio::test]
    async fn a_body_that_stops_is_cut_off() {
        let limits = HttpLimits { header_timeout: Duration::from_millis(50), ..limits() };
        let listener = listener(limits).await;
        exchange(listener.address, format!("{POST}bod").as_bytes()).await;
    }

    #[tokio::test]
    async fn a_trusted_proxy_says_for_whom_it_connects() {
        let trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let trusting = listener(HttpLimits { trusted_proxies, ..limits() }).await;
        let header = "PROXY TCP4 192.0.2.7 198.51.100.1 1234 80\r\n";
        let answer = exchange(trusting.address, format!("{header}{REQUEST}").as_bytes()).await;
        assert!(answer.ends_with("192.0.2.7"), "{answer}");
        assert_eq!(exchange(trusting.address, REQUEST.as_bytes()).await, "", "no header, no answer");
        assert_eq!(trusting.places.refused(NoPlace::NoProxyHeader), 1);

        let other = listener(limits()).await;
        let answer = exchange(other.address, format!("{header}{REQUEST}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}
