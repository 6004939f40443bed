//! Hot reload: after a change of a file or SIGHUP everything is read again, validated as a whole, and applied as a whole
//! or not at all.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{counter, gauge};

use tollgate_provisioning as config;
use tollgate_provisioning::overrides::Overrides;
use tollgate_provisioning::{Loaded, Problems};
use tollgate_relay::configuration::Configuration;
use tollgate_relay::metrics::Metrics;
use tollgate_relay::reload_order::ReloadOutcome;

/// Problems that are logged one by one when a reload is rejected.
const PROBLEMS_LOGGED_MAX: usize = 20;

/// Applies configurations to a running process.
pub struct Reloader {
    path: PathBuf,
    configuration: Arc<Configuration>,
    overrides: Overrides,
    /// The addresses at which gateways connect, until the process ends.
    listening: Vec<SocketAddr>,
}

impl Reloader {
    /// A reloader of the configuration that is in force.
    pub fn new(
        path: PathBuf,
        configuration: Arc<Configuration>,
        overrides: Overrides,
        listening: Vec<SocketAddr>,
    ) -> Self {
        announce(&configuration.files());
        Self { path, configuration, overrides, listening }
    }

    /// Reads everything again and applies it, or returns why not.
    pub async fn reload(&mut self) -> ReloadOutcome {
        let (path, overrides, listening) =
            (self.path.clone(), self.overrides.clone(), self.listening.clone());
        // Reading and validating run on a thread of their own and delay no message.
        let loaded = tokio::task::spawn_blocking(move || {
            let mut loaded = config::load(&path).map_err(|problems| reasons(&problems))?;
            overrides.apply(&mut loaded.settings);
            let published = config::published_accounts_at(&loaded, &listening);
            if published.is_empty() { Ok(loaded) } else { Err(bounded(&published)) }
        });
        match loaded.await {
            Ok(Ok(loaded)) => self.apply(loaded).await,
            Ok(Err(reasons)) => reject(reasons),
            Err(error) => {
                tracing::error!(%error, "reload failed");
                ReloadOutcome::Rejected(vec![error.to_string()])
            }
        }
    }

    /// The same once the files are watched: what changed between the first reading and then is applied, and there is
    /// nothing to say where nothing changed.
    pub async fn look_again(&mut self) -> ReloadOutcome {
        let path = self.path.clone();
        let overrides = self.overrides.clone();
        let in_force = self.configuration.files();
        let same = tokio::task::spawn_blocking(move || {
            let mut loaded = config::load(&path).ok()?;
            overrides.apply(&mut loaded.settings);
            loaded.changes_since(&in_force).is_empty().then_some(())
        });
        match same.await {
            Ok(Some(())) => ReloadOutcome::Unchanged,
            _ => self.reload().await,
        }
    }

    /// Every file that the configuration was read from.
    pub fn files(&self) -> Vec<PathBuf> {
        self.configuration.files().files.clone()
    }

    async fn apply(&self, loaded: Loaded) -> ReloadOutcome {
        let changes = loaded.changes_since(&self.configuration.files());
        if changes.is_empty() {
            counter!("tollgate_tariff_loads_total", "result" => "unchanged").increment(1);
            tracing::info!("reload: nothing has changed");
            return ReloadOutcome::Unchanged;
        }
        let loaded = Arc::new(loaded);
        let (configuration, files) = (Arc::clone(&self.configuration), Arc::clone(&loaded));
        // It waits for the disk, and for a change over the API that is under way.
        let applied = tokio::task::spawn_blocking(move || configuration.change().apply(files));
        let applied = applied.await.map_err(|error| error.to_string());
        let unrouted = match applied.and_then(|applied| applied.map_err(|error| error.to_string())) {
            Ok(unrouted) => unrouted,
            Err(error) => return not_applied(error),
        };
        for traffic in unrouted {
            tracing::warn!("{traffic}");
        }
        for change in &changes {
            tracing::info!(change, "reload");
        }
        announce(&loaded);
        ReloadOutcome::Applied(changes)
    }
}

/// Reports the load to Prometheus: a count for each possible result, and the time at which the version was applied.
fn announce(loaded: &Loaded) {
    for result in ["unchanged", "rejected"] {
        counter!("tollgate_tariff_loads_total", "result" => result).increment(0);
    }
    for plan in &loaded.provisioning.plans {
        Metrics::revenue(plan.currency).increment(0);
    }
    counter!("tollgate_tariff_loads_total", "result" => "applied").increment(1);
    let version = &loaded.provisioning.version;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!("tollgate_tariff_applied_timestamp_seconds").set(now.as_secs_f64());
    tracing::info!(%version, accounts = loaded.provisioning.accounts.len(), "tariff applied");
}

fn not_applied(error: String) -> ReloadOutcome {
    counter!("tollgate_tariff_loads_total", "result" => "rejected").increment(1);
    tracing::error!(%error, "reload rejected; the configuration in force stays");
    ReloadOutcome::Rejected(vec![error])
}

fn reject(reasons: Vec<String>) -> ReloadOutcome {
    counter!("tollgate_tariff_loads_total", "result" => "rejected").increment(1);
    for problem in &reasons {
        tracing::error!(%problem, "reload rejected");
    }
    tracing::error!("reload rejected; the configuration in force stays");
    ReloadOutcome::Rejected(reasons)
}

fn reasons(problems: &Problems) -> Vec<String> {
    bounded(&problems.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// The first of some reasons, and how many more there are.
fn bounded(reasons: &[String]) -> Vec<String> {
    let mut bounded: Vec<String> = reasons.iter().take(PROBLEMS_LOGGED_MAX).cloned().collect();
    let more = reasons.len().saturating_sub(bounded.len());
    if more > 0 {
        bounded.push(format!("… and {more} more"));
    }
    bounded
}
