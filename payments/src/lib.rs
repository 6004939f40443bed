//! Payments as the books keep them, and the clients of those who take them: what Stripe and PayPal are asked, and what is seen of a
//! payment, a refund and a dispute there. What follows from it is decided in `billing` and written by the services in `management`.

mod http;
mod paypal;
pub mod provider;
pub mod recharge_record;
pub mod record;
pub mod share;
mod stripe;
pub mod told;
pub mod verify;

pub use paypal::PayPal;
pub use stripe::Stripe;
