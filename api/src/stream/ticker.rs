//! The second hand of all streams: it works out the figures that somebody wants, and looks for changes that nobody told of.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::hub::{Audience, Figures};
use super::service::StreamService;

/// The time between two figures.
const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps the figures of all streams up to date for as long as the process lives.
pub async fn keep(service: Arc<dyn StreamService>) {
    let mut seconds = interval(INTERVAL);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let service = Arc::clone(&service);
        // It may wait for the disk.
        if let Err(error) = tokio::task::spawn_blocking(move || look(&*service)).await {
            tracing::error!(%error, "live figures cannot be worked out");
        }
    }
}

fn look(service: &dyn StreamService) {
    let hub = service.hub();
    hub.tell(service.found());
    let audiences = hub.audiences();
    if audiences.is_empty() {
        return;
    }
    let figures = |audience: Audience| {
        let figures = match &audience {
            Audience::House => Figures::House(service.house()?),
            Audience::Account(account) => Figures::Account(service.account(account)?),
        };
        Some((audience, figures))
    };
    hub.show(audiences.into_iter().filter_map(figures).collect());
}
