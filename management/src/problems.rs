//! Problems that callers are told of when a change fails.

use tollgate_api::problem::Problem;
use tollgate_relay::core::ApplyError;
use tollgate_storage::change::ChangeError;
use tollgate_storage::store::Unavailable;

/// The problem of a change that was not made.
pub fn problem_of(error: &ChangeError) -> Problem {
    match error {
        ChangeError::Conflict { .. } => Problem::conflict("it was changed in the meantime; read it again"),
        ChangeError::AccountKnown(id) => id_in_use(id),
        ChangeError::KeyReused => key_reused(),
        ChangeError::Balance => {
            let message = "is more than the balance can hold";
            Problem::unprocessable(format!("amount: {message}")).and_field("amount", message)
        }
        ChangeError::Bundle | ChangeError::Commission => Problem::unprocessable(error.to_string()),
        ChangeError::Message(error) => Problem::wrong_state(error.to_string()),
        ChangeError::Unavailable(error) => unavailable(error),
    }
}

/// The problem of an account whose id is that of one that was removed and still has its books.
pub fn id_in_use(id: &str) -> Problem {
    let message = format!(
        "an earlier account `{id}` was removed and still has its balance and its ledger; choose another id"
    );
    Problem::id_in_use(message).and_field("id", "was the id of an account that still has books")
}

/// The problem of an Idempotency-Key that another request has.
pub fn key_reused() -> Problem {
    Problem::key_reused("the Idempotency-Key was used before, for another request")
}

/// The problem of a request that was carried out before its answer could be kept.
pub fn already_done() -> Problem {
    Problem::already_done(
        "a request with this Idempotency-Key was carried out, and its answer was not kept; read the resource to \
         see what came of it, and rotate a password or key that was in the answer",
    )
}

/// The problem of books that cannot be read or written.
pub fn unavailable(error: &Unavailable) -> Problem {
    tracing::error!(%error, "the books cannot be read or written");
    Problem::unavailable("storage is unavailable; try again").retry_after(1)
}

/// The problem of a change that may have been made.
pub fn outcome_unknown() -> Problem {
    Problem::outcome_unknown("outcome unknown, repeat with the same Idempotency-Key").retry_after(1)
}

/// The same for the account of this id, whose fields are named.
pub fn apply_problem_of(account: &str, error: &ApplyError) -> Problem {
    let ApplyError::Chain(faults) = error else { return apply_problem(error) };
    if let Some(own) = faults.iter().find(|fault| *fault.account == *account) {
        return Problem::field(own.key, own.message.clone());
    }
    let problem = apply_problem(error);
    faults.first().into_iter().fold(problem, |problem, fault| problem.and_field(fault.key, fault.to_string()))
}

/// The problem of an account or an operator that does not fit to the rest of the configuration.
pub fn apply_problem(error: &ApplyError) -> Problem {
    match error {
        ApplyError::Storage(error) => unavailable(error),
        other => Problem::unprocessable(other.to_string()),
    }
}
