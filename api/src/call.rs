//! Calls of services on threads that may wait: a service reads RocksDB and waits for commits, which would
//! hold up every other request, and the SMPP sessions, on the runtime's own threads.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::problem::Problem;

thread_local! {
    /// The way to answer the request that this thread works on before the work is done.
    static EARLY: RefCell<Option<oneshot::Sender<Problem>>> = const { RefCell::new(None) };
}

/// Answers a request before the work for it is done, as when it may take for ever.
#[derive(Debug)]
pub struct EarlyAnswer(Option<oneshot::Sender<Problem>>);

/// Takes the way to answer the request that this thread works on. Nothing is answered where it works on none.
pub fn early_answer() -> EarlyAnswer {
    EarlyAnswer(EARLY.with_borrow_mut(Option::take))
}

impl EarlyAnswer {
    /// Answers with a problem. What the work comes to is not answered any more.
    pub fn give(self, problem: Problem) {
        if let Some(sender) = self.0 {
            // A client that is gone wanted no answer.
            let _ = sender.send(problem);
        }
    }
}

/// Calls a service on a thread that may wait, and waits for the result without occupying a thread of the
/// runtime.
pub async fn call<S: ?Sized + Send + Sync + 'static, T: Send + 'static>(
    service: Arc<S>,
    work: impl FnOnce(&S) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let (sender, early) = oneshot::channel();
    let mut working = tokio::task::spawn_blocking(move || {
        EARLY.set(Some(sender));
        let result = work(&service);
        EARLY.take();
        result
    });
    let worked = tokio::select! {
        biased;
        worked = &mut working => worked,
        Ok(problem) = early => return Err(problem),
        // The work has let go of its way to answer early.
        else => working.await,
    };
    match worked {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a request of the management API failed");
            Err(Problem::internal("the request could not be processed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_work_goes_on_after_an_early_answer() {
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (done, ended) = oneshot::channel();
        let answer = call(Arc::new(()), move |()| {
            early_answer().give(Problem::outcome_unknown("not known"));
            wait.recv().unwrap();
            done.send(()).unwrap();
            Ok(())
        });
        assert_eq!(answer.await.unwrap_err().code, "outcome_unknown");
        go_on.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn who_takes_the_way_and_does_not_use_it_answers_as_usual() {
        let answer = call(Arc::new(()), |()| {
            drop(early_answer());
            Ok(7)
        });
        assert_eq!(answer.await.unwrap(), 7);
    }
}
