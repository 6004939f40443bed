//! The command `tollgate run`: starts every part in order, serves, reloads, drains and stops.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tollgate_api::router::ApiConfig;
use tollgate_api::session_cookie::SessionCookie;
use tollgate_smpp::penalty::PenaltyConfig;
use tollgate_smpp::proxy::TrustedProxies;
use tollgate_smpp::server::{Server, ServerConfig, TlsFiles};
use tollgate_smpp::session::{SessionConfig, TimerConfig};
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{AnchorMode, Durability, OpenError, Store, StoreOptions};

use crate::commands::check::{readable_secrets, refuse_published};
use crate::control::{self, ControlHandlers, ControlSocket};
use crate::failure::Failure;
use crate::file_watch::{FileWatch, ReadingBegan};
use crate::http;
use crate::http::Readiness;
use crate::listener_limits::ListenerLimits;
use crate::metrics::ListenerPlaces;
use crate::reload::Reloader;
use crate::running::RunningNote;
use crate::screens::with_screens;
use crate::{http_server, listener_limits, listeners, logging, metrics, owner, stop_limit};
use tollgate_console::{output, say};
use tollgate_management as management;
use tollgate_management::{Management, Workers};

use tollgate_provisioning as config;
use tollgate_provisioning::overrides::Overrides;
use tollgate_provisioning::{Loaded, Settings, SmppSettings, StorageSettings};
use tollgate_relay::clients::ClientBinds;
use tollgate_relay::core::{Core, Started};
use tollgate_relay::number_countries::number_countries;
use tollgate_relay::operators::driver::DeliveryDriver;
use tollgate_relay::operators::links::Links;
use tollgate_relay::passwords::Proofs;
use tollgate_relay::reload_order::ReloadOrder;

/// Time after which open sessions are closed at a stop, so that a stop takes less than five seconds.
const DRAIN_MAX: Duration = Duration::from_secs(4);

/// Time that HTTP requests under way have to end at a stop.
const HTTP_END_MAX: Duration = Duration::from_secs(2);

/// Time that the database has to be closed before the process exits.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Memory for RocksDB's block cache.
const CACHE_BYTES: usize = 64 << 20;

/// The parts that were started.
struct Running {
    core: Arc<Core>,
    server: Server,
    /// The places of each listener's connections.
    places: ListenerPlaces,
    readiness: Arc<Readiness>,
    addresses: serde_json::Value,
    committer: JoinHandle<()>,
    driver: DeliveryDriver,
    /// Reloads that somebody ordered.
    reloads: mpsc::Receiver<ReloadOrder>,
    /// The services behind the API and the control socket.
    management: Arc<Management>,
    /// The routes of the API, for the control socket.
    api: axum::Router,
    /// The threads behind the services, where the API is enabled.
    workers: Option<Workers>,
}

/// Runs until SIGTERM or SIGINT.
pub fn run(path: PathBuf, overrides: &Overrides) -> Result<(), Failure> {
    let reading = ReadingBegan::now();
    let mut loaded = config::load(&path)?;
    overrides.apply(&mut loaded.settings);
    logging::install(&loaded.settings.log);
    refuse_published(&loaded)?;
    for warning in readable_secrets(&loaded) {
        tracing::warn!("{}", warning.trim_start_matches("warning: "));
    }
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| format!("cannot start the runtime: {error}"))?;
    let http = http::runtime().map_err(|error| format!("cannot start the runtime of HTTP: {error}"))?;
    listeners::check(&loaded.settings, &server_config(&loaded.settings.smpp))?;
    let data_dir = &loaded.settings.storage.data_dir;
    // Before anybody is told to give the folder to another owner.
    Store::admit(data_dir).map_err(|error| error.to_string())?;
    owner::refuse_foreign(data_dir)?;
    let store = open(&loaded).map_err(|error| error.to_string())?;
    let closed = store.closed();
    let served = runtime.block_on(serve(path, (loaded, reading), overrides, store, http.handle()));
    // Requests under way come to their end; a client that reads an export is cut off.
    http.shutdown_timeout(HTTP_END_MAX);
    drop(runtime);
    let stopped = served.map(|committer| {
        // The last handle on the committer went with the runtime: it writes what is queued, and ends.
        let ended = committer.join();
        assert!(ended.is_ok(), "a panic of the committer ends the process");
        tracing::info!("stopped");
    });
    // Also where the start has failed: an exit under an open database would end in an abort.
    if !closed.wait(CLOSE_MAX) {
        tracing::warn!("the database is still in use and is not closed");
    }
    Ok(stopped?)
}

fn open(loaded: &Loaded) -> Result<Store, OpenError> {
    let storage = &loaded.settings.storage;
    Store::open(StoreOptions {
        path: storage.data_dir.clone(),
        minimum_free_bytes: storage.minimum_free_bytes,
        cache_bytes: CACHE_BYTES,
        second_anchor: storage.second_anchor.clone(),
        anchor_mode: anchor_mode(storage),
        number_countries: Some(number_countries(&loaded.provisioning.networks)),
    })
}

fn anchor_mode(storage: &StorageSettings) -> AnchorMode {
    match storage.anchor {
        config::AnchorMode::EveryCommit => AnchorMode::EveryCommit,
        config::AnchorMode::Periodic => {
            AnchorMode::Periodic(Duration::from_millis(storage.anchor_interval_ms.into()))
        }
    }
}

async fn serve(
    path: PathBuf,
    (loaded, reading): (Loaded, ReadingBegan),
    overrides: &Overrides,
    store: Store,
    http: &Handle,
) -> Result<JoinHandle<()>, String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    let handle = tollgate_relay::metrics::install().map_err(|error| error.to_string())?;
    let mut running = start(&path, &loaded, store, &handle, http).await?;
    let (stats, places) = (Arc::clone(running.server.stats()), running.places.clone());
    tokio::spawn(metrics::keep(Arc::clone(&running.core), stats, places, handle));
    http.spawn(Arc::clone(&running.core.clients).keep_refusals());
    if running.workers.is_some() {
        http.spawn(running.management.schedule());
    }
    let control = take_commands(&path, &loaded.settings, overrides, &running, http);
    let mut links = Links::default();
    links.follow(&running.core.scheduler).await;
    let mut watch = loaded.settings.watch_files.then(|| FileWatch::new(&loaded.files)).and_then(or_warn);
    let listening = config::gateway_addresses(&loaded.settings);
    let configuration = Arc::clone(&running.core.configuration);
    let mut reloader = Reloader::new(path, configuration, overrides.clone(), listening);
    say!("{}", running.addresses);
    if !output::flush() {
        tracing::warn!(
            "standard output cannot be written: whoever started the daemon does not see that it is ready"
        );
    }
    if let Some(watch) = &mut watch {
        // What changed between the first reading and the start of the watch is told by no event.
        watch.about_to_read();
        if !watch.is_unchanged_since(&reading) {
            reloader.look_again().await;
            links.follow(&running.core.scheduler).await;
            or_warn(watch.follow(&reloader.files()));
        }
    }
    loop {
        let ordered = tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = running.core.orders.operators_changed() => {
                links.follow(&running.core.scheduler).await;
                continue;
            }
            order = running.reloads.recv() => order,
            _ = hangup.recv() => None,
            () = changed(&mut watch) => None,
        };
        if let Some(watch) = &mut watch {
            watch.about_to_read();
        }
        let outcome = reloader.reload().await;
        links.follow(&running.core.scheduler).await;
        if let Some(watch) = &mut watch {
            or_warn(watch.follow(&reloader.files()));
        }
        if let Some(order) = ordered {
            // The client that ordered it may have gone meanwhile.
            let _ = order.send(outcome);
        }
    }
    drop(control);
    let limited = stop_limit::begin(running.core.books.committer.availability());
    limited.unwrap_or_else(|error| tracing::warn!(%error, "the stop may take as long as it likes"));
    drain(running, links).await
}

/// Listens on the control socket, and notes where it is if that is not where the configuration says.
fn take_commands(
    config: &Path,
    settings: &Settings,
    overrides: &Overrides,
    running: &Running,
    http: &Handle,
) -> (Option<ControlSocket>, Option<RunningNote>) {
    let store = Arc::clone(&running.core.books.store);
    let handlers = ControlHandlers { store, api: running.api.clone(), http: http.clone() };
    let data_dir = &settings.storage.data_dir;
    let control = control::listen(data_dir, Arc::new(handlers));
    let control = control.inspect_err(|error| {
        tracing::warn!(%error, "no control socket; commands such as `tollgate topup` need the daemon to be stopped");
    });
    let note = overrides.data_dir.as_ref().and_then(|_| RunningNote::write(config, data_dir));
    (control.ok(), note)
}

/// Ends every part in order, and returns the committer's thread, which ends with the last way to it.
async fn drain(running: Running, mut links: Links) -> Result<JoinHandle<()>, String> {
    tracing::info!("draining");
    running.readiness.begin_drain();
    running.management.end_long_answers();
    // Gateways and operators are disconnected at the same time: receipts that come last wait on disk.
    tokio::join!(running.server.drain(DRAIN_MAX), links.stop_all());
    running.driver.stop().await;
    running.core.clients.hand_refusals_over();
    running.core.books.committer.close();
    // What is kept in memory for a while is written before the committer goes.
    let Running { management, api, workers, .. } = running;
    let ended = tokio::task::spawn_blocking(move || {
        if let Some(workers) = &workers {
            workers.stop();
        }
        drop((management, api));
    })
    .await;
    ended.map_err(|error| error.to_string())?;
    Ok(running.committer)
}

/// Logs that files cannot be watched. The process serves all the same, and SIGHUP still reloads.
fn or_warn<T>(result: notify::Result<T>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!(%error, "files cannot be watched; a change of them is not noticed before SIGHUP")).ok()
}

async fn changed(watch: &mut Option<FileWatch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

/// Starts the parts in the order in which they need one another. A failure stops the rest from starting.
async fn start(
    config: &Path,
    loaded: &Loaded,
    store: Store,
    handle: &PrometheusHandle,
    http_runtime: &Handle,
) -> Result<Running, String> {
    let settings = &loaded.settings;
    let mut smpp = server_config(&settings.smpp);
    let storage = &settings.storage;
    let store = Arc::new(store);
    let durability = match storage.durability {
        config::Durability::Sync => Durability::Sync,
        config::Durability::Os => Durability::Os,
    };
    let limits = Limits {
        queue_messages: storage.queue_messages as usize,
        batch_messages: storage.batch_messages as usize,
        batch_bytes: storage.batch_bytes as usize,
    };
    let journal = RocksJournal::new(Arc::clone(&store), durability);
    let additions = management::additions(&store, settings).map_err(|error| error.to_string())?;
    let files = loaded.clone();
    let started = tokio::task::spawn_blocking(move || Core::start(store, journal, limits, files, additions));
    let started = started.await.map_err(|error| error.to_string())?;
    let Started { core, committer, reloads } = started.map_err(|error| error.to_string())?;
    let core = Arc::new(core);
    management::restore_approvals(&core).map_err(|error| error.to_string())?;
    let driver = DeliveryDriver::start(Arc::clone(&core.scheduler)).map_err(|error| error.to_string())?;
    let readiness = Arc::new(Readiness::new(core.books.committer.clone()));
    let listen = |what: &'static str, address: SocketAddr| {
        move |error: std::io::Error| format!("cannot listen for {what} on {address}: {error}")
    };
    // It may write to the books and wait for that.
    let opened = tokio::task::block_in_place(|| Management::open(Arc::clone(&core), settings, config));
    let opened = opened.map_err(|error| error.to_string())?;
    let (management, mut routes, mut workers) =
        (Arc::new(opened), http::health(Arc::clone(&readiness)), None);
    let api = tollgate_api::router::router(management.services(), &api_config(settings));
    management.warn_of_published_accounts(&config::gateway_addresses(settings));
    if settings.api.enabled {
        if !config::is_loopback(settings.http.listen) {
            management.refuse_published_users(settings.http.listen)?;
        }
        routes = routes.merge(api.clone());
        let started = management.start_workers();
        workers = Some(started.map_err(|error| format!("no thread for jobs: {error}"))?);
    }
    let limits = ListenerLimits::of(settings);
    smpp.places.all = limits.smpp;
    let routes = with_screens(routes, &settings.api);
    let http = http_server::serve(http_runtime, settings.http.listen, routes, limits.http)
        .await
        .map_err(listen("HTTP", settings.http.listen))?;
    let binds = Arc::clone(core.clients.open_binds());
    let scraped = http::metrics(handle.clone(), Arc::clone(&core.metrics), core.snapshot.clone(), binds);
    let metrics = settings.metrics.listen;
    let metrics = http_server::serve(&Handle::current(), metrics, scraped, limits.metrics)
        .await
        .map_err(listen("metrics", settings.metrics.listen))?;
    let proofs = Proofs::new().map_err(|error| format!("no randomness for passwords: {error}"))?;
    let (clients, passwords) = (Arc::clone(&core.clients), Arc::clone(&core.passwords));
    let binds = Arc::new(ClientBinds::new(clients, settings.smpp.window, passwords, proofs));
    let server = Server::start(smpp, binds).await.map_err(|error| error.to_string())?;
    readiness.begin_serving();
    let addresses = json!({
        "event": "ready",
        "smpp": server.plain_addresses().first(),
        "smpp_tls": server.tls_addresses().first(),
        "http": http.address,
        "metrics": metrics.address,
        "pid": std::process::id(),
    });
    let places = [("smpp", Arc::clone(server.places())), ("http", http.places), ("metrics", metrics.places)];
    Ok(Running {
        core,
        server,
        places,
        readiness,
        addresses,
        committer,
        driver,
        reloads,
        management,
        api,
        workers,
    })
}

const SECONDS_PER_DAY: u64 = 86_400;

/// The settings of `[api]` as the routes take them.
fn api_config(settings: &Settings) -> ApiConfig {
    ApiConfig {
        body_octets_max: settings.api.max_body_bytes as usize,
        timeout: Duration::from_secs(settings.api.timeout_seconds.into()),
        origins: settings.api.cors_origins.clone(),
        cookie: SessionCookie {
            is_secure: settings.api.has_secure_cookie(),
            max_age_seconds: u64::from(settings.api.session_days) * SECONDS_PER_DAY,
            public_url: settings.api.public_url.clone(),
        },
        token_paths: settings.api.token_paths,
        saas_paths: settings.api.saas_paths,
    }
}

/// The settings of `[smpp]` as the server takes them.
pub(crate) fn server_config(smpp: &SmppSettings) -> ServerConfig {
    let seconds = |count: u32| Duration::from_secs(u64::from(count));
    let files = smpp.tls_certificate.clone().zip(smpp.tls_key.clone());
    let tls = smpp.tls_listen.zip(files).map(|(address, (certificate_chain, private_key))| {
        (vec![address], TlsFiles { certificate_chain, private_key })
    });
    ServerConfig {
        plain: vec![smpp.listen],
        tls,
        places: listener_limits::places(smpp),
        trusted_proxies: TrustedProxies::new(smpp.trusted_proxies.clone()),
        session: SessionConfig {
            timers: TimerConfig {
                session_init: seconds(smpp.session_init_seconds),
                enquire_link: seconds(smpp.enquire_link_seconds),
                inactivity: seconds(smpp.inactivity_seconds),
                response: seconds(smpp.response_seconds),
                partial_pdu: seconds(smpp.partial_pdu_seconds),
                ..TimerConfig::default()
            },
            pdu_length_max: smpp.max_pdu_bytes as usize,
            ..SessionConfig::default()
        },
        penalties: PenaltyConfig::default(),
    }
}
