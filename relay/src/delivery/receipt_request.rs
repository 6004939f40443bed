//! The receipts that an operator is asked for.

use tollgate_engine::settlement::ChargeOn;
use tollgate_provisioning::OperatorSmpp;
use tollgate_storage::message::Ticket;

/// Final receipts for success and failure (SMPP 3.4 §5.2.17).
const RECEIPT: u8 = 0x01;
const RECEIPT_BITS: u8 = 0x03;

/// The registered_delivery for the operator: both outcomes where either is wanted, as only a receipt tells how the
/// message ended. The gateway gets what it asked for.
pub fn registered_delivery(ticket: &Ticket<'_>, smpp: &OperatorSmpp) -> u8 {
    let asked = ticket.registered_delivery;
    if wants_receipt(ticket, smpp) { asked & !RECEIPT_BITS | RECEIPT } else { asked }
}

/// True if the operator is asked for a receipt: where it is provisioned so, where the gateway wants one, and where the
/// message is paid for on delivery only.
pub fn wants_receipt(ticket: &Ticket<'_>, smpp: &OperatorSmpp) -> bool {
    smpp.receipts
        || ticket.registered_delivery & RECEIPT_BITS != 0
        || ticket.terms.charge_on == ChargeOn::Delivery
}
