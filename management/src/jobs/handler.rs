//! The seam between the queue and the services that know how each job is done.

use tollgate_api::answer::Answer;
use tollgate_notifications::delivery_record::JobEnd;
use tollgate_notifications::jobs::record::{JobDone, JobRecord};

use crate::change_set::ChangeSet;
use crate::documents::Document;

/// The part of a job that waits for a server. It holds no service and nothing of the books. `None` if all is done.
pub type PreparedJob = Option<Box<dyn FnOnce() -> JobDone + Send>>;

/// Knows how each job is done.
pub trait JobHandler: std::fmt::Debug + Send + Sync + 'static {
    /// Does what needs the books, and gives back the part that waits for a server.
    fn prepare(&self, job: &Document<JobRecord>) -> Answer<PreparedJob>;

    /// Adds to the change that ends a round of a job what is noted of it.
    fn note<'a>(&'a self, change: &mut ChangeSet<'a>, job: &Document<JobRecord>, end: &JobEnd) -> Answer<()>;

    /// Queues jobs that follow from what is in the books; true if there are more. Called at each look for jobs that write.
    fn look(&self) -> Answer<bool>;

    /// Removes what has expired and writes down what is kept in memory for a while. Called once a minute and at the end.
    fn tidy_up(&self);
}
