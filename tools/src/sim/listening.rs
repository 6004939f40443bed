//! The process of a simulator: it listens, says so, serves until it is asked to stop, and prints its counts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tollgate_console::{output, say};
use tollgate_smpp::server::{Server, ServerConfig, TlsFiles};
use tollgate_smpp::session::SessionConfig;

use super::credentials::{Credentials, Password};
use super::handler::SimHandler;
use super::simulator::Simulator;

/// The system_id that the simulator gives itself in a bind_resp.
const SYSTEM_ID: &str = "tollgate-sim";

/// Time after which sessions that are not done are closed as they are.
const DRAIN_MAX: Duration = Duration::from_secs(4);

/// The options for listening, and for binds.
#[derive(Clone, Debug, clap::Args)]
pub struct ListenOptions {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2775")]
    pub listen: SocketAddr,
    /// The certificate chain in PEM; with it, it speaks TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// The only system_id that may bind [default: any]
    #[arg(long, value_name = "TEXT")]
    pub system_id: Option<String>,
    /// The only password that fits [default: any]
    #[arg(long, value_name = "TEXT")]
    pub password: Option<Password>,
    /// Messages that one bind may have unanswered before it is no longer read
    #[arg(long, value_name = "MESSAGES", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub window: u32,
    /// Threads that serve [default: as many as there are processors]
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl ListenOptions {
    /// The credentials of those who may bind.
    pub fn credentials(&self) -> Credentials {
        Credentials { system_id: self.system_id.clone(), password: self.password.clone() }
    }

    fn server_config(&self) -> ServerConfig {
        let files = self.tls_certificate.clone().zip(self.tls_key.clone());
        let tls = files.map(|(certificate_chain, private_key)| {
            (vec![self.listen], TlsFiles { certificate_chain, private_key })
        });
        let plain = if tls.is_some() { Vec::new() } else { vec![self.listen] };
        let session = SessionConfig { system_id: SYSTEM_ID.to_owned(), ..SessionConfig::default() };
        ServerConfig { plain, tls, session, ..ServerConfig::default() }
    }
}

/// A simulator that listens.
pub async fn start(options: &ListenOptions, sim: &Arc<Simulator>) -> Result<(Server, SocketAddr), String> {
    let server = Server::start(options.server_config(), Arc::new(SimHandler(Arc::clone(sim)))).await;
    let server = server.map_err(|error| error.to_string())?;
    let address = server.plain_addresses().iter().chain(server.tls_addresses()).next().copied();
    let address = address.ok_or("there is nowhere to listen")?;
    Ok((server, address))
}

/// Serves until SIGTERM or SIGINT. `Err` is for a person to read.
pub fn run(options: &ListenOptions, sim: &Arc<Simulator>) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = options.threads {
        runtime.worker_threads(threads.into());
    }
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(serve(options, sim))
}

async fn serve(options: &ListenOptions, sim: &Arc<Simulator>) -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let (server, address) = start(options, sim).await?;
    let ready = json!({
        "event": "ready",
        "smpp": address,
        "tls": options.tls_certificate.is_some(),
        "pid": std::process::id(),
    });
    say!("{ready}");
    if !output::flush() {
        // Nobody learns that it is ready, nor where it listens.
        return Ok(());
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.drain(DRAIN_MAX).await;
    say!("{}", sim.counts.to_json());
    Ok(())
}
