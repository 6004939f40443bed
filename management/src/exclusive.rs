//! A lock that proves by a value that it is held.
//!
//! Some steps look first and write later, such as "no other user has this address, so this one may". They must not run side
//! by side. Functions that belong to such a step take `&Held<K>`, which only the lock of `K` gives out, so that a call
//! without the lock does not compile.

use std::marker::PhantomData;

use parking_lot::{Mutex, MutexGuard};

/// The lock of one resource, which the marker type `K` names.
pub struct Exclusive<K>(Mutex<Held<K>>);

/// Proof that the lock of `K` is held.
pub struct Held<K>(PhantomData<fn() -> K>);

impl<K> Exclusive<K> {
    /// Waits for the lock and holds it as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, Held<K>> {
        self.0.lock()
    }
}

impl<K> Default for Exclusive<K> {
    fn default() -> Self {
        Self(Mutex::new(Held(PhantomData)))
    }
}

impl<K> std::fmt::Debug for Exclusive<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exclusive").field("is_held", &self.0.is_locked()).finish()
    }
}
