//! The lines and the bar by which people see how far the demo is.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::operators::Failover;
use crate::load::Running;
use crate::load::figures::{Millis, grouped};

/// Time between two looks at the progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(20);

/// A moment at which something happens to the preferred operator.
pub enum Event {
    /// Half of the messages are answered: it is killed.
    Half,
    /// Three quarters are answered: it comes back.
    ThreeQuarters,
}

/// Shows the progress of a run until it has ended or is interrupted: as a bar on a terminal, as a few lines
/// elsewhere.
pub fn watch(
    running: &Running,
    total: u64,
    interrupted: &AtomicBool,
    mut happen: impl FnMut(Event) -> Result<Duration, String>,
) -> Result<Failover, String> {
    let terminal = std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("  submitting  {bar:40} {human_pos} of {human_len}, {eta} left")
    {
        bar.set_style(style);
    }
    let (mut quarters_shown, mut failover) = (0, Failover::default());
    while !running.is_finished() {
        if interrupted.load(Ordering::Relaxed) {
            running.stop();
        }
        let answered = running.answered();
        bar.set_position(answered);
        let quarters = answered * 4 / total.max(1);
        if quarters > quarters_shown {
            if !terminal {
                say("submitting", &format!("{} of {}", grouped(answered), grouped(total)));
            }
            if quarters_shown < 2 && quarters >= 2 {
                failover.away = happen(Event::Half)?;
                bar.suspend(|| {
                    say("kill -9", &format!("alpha; beta took over in {}", Millis(failover.away)));
                });
            }
            if quarters_shown < 3 && quarters >= 3 {
                failover.back = happen(Event::ThreeQuarters)?;
                bar.suspend(|| {
                    say("restart", &format!("alpha; it had a message in {}", Millis(failover.back)));
                });
            }
            quarters_shown = quarters;
        }
        thread::sleep(PROGRESS_PAUSE);
    }
    bar.finish_and_clear();
    say("submitted", &format!("{} of {}", grouped(running.answered()), grouped(total)));
    Ok(failover)
}

/// Prints one step of the demo.
pub fn say(step: &str, what: &str) {
    tollgate_console::say!("  {step:<10}  {what}");
}
