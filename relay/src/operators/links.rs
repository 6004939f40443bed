//! The links that run, kept in step with the configuration. A link whose operator did not change is not touched.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tollgate_engine::operator::{OperatorNumber, OperatorStatus};
use tollgate_smpp::BindMode;
use tollgate_smpp::link::{Link, LinkConfig, LinkTls};
use tollgate_storage::clock::now;

use super::link::OperatorLink;
use crate::delivery::operator_queue::OperatorQueue;
use crate::delivery::scheduler::DeliveryScheduler;
use tollgate_provisioning::{OperatorBind, OperatorSmpp};

/// Time that a link which is taken down waits for answers.
const GRACE: Duration = Duration::from_secs(2);
/// The longest PDU of an operator.
const PDU_LENGTH_MAX: usize = 70_000;

/// The links of every operator.
#[derive(Default)]
pub struct Links(HashMap<OperatorNumber, Running>);

struct Running {
    smpp: OperatorSmpp,
    links: Vec<Link>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("operators", &self.0.len()).finish()
    }
}

impl Links {
    /// Starts and stops links so that they follow the configuration in force. Links that are stopped have time for their
    /// answers, and all of them are waited for.
    pub async fn follow(&mut self, scheduler: &Arc<DeliveryScheduler>) {
        let operator_queues = scheduler.operator_queues();
        let mut leaving = JoinSet::new();
        for operator_queue in operator_queues.iter() {
            let setup = operator_queue.setup.load_full();
            let wanted = setup.filter(|setup| setup.operator.status != OperatorStatus::Disabled);
            let Some(wanted) = wanted else {
                self.stop(operator_queue.number, &mut leaving);
                continue;
            };
            if self
                .0
                .get(&operator_queue.number)
                .is_some_and(|running| same_links(&running.smpp, &wanted.smpp))
            {
                continue;
            }
            self.stop(operator_queue.number, &mut leaving);
            let links = start(scheduler, operator_queue, &wanted.smpp);
            self.0.insert(operator_queue.number, Running { smpp: wanted.smpp.clone(), links });
        }
        while leaving.join_next().await.is_some() {}
    }

    /// Stops all of them, with time for their answers.
    pub async fn stop_all(&mut self) {
        let mut leaving = JoinSet::new();
        let numbers: Vec<_> = self.0.keys().copied().collect();
        for number in numbers {
            self.stop(number, &mut leaving);
        }
        while leaving.join_next().await.is_some() {}
    }

    fn stop(&mut self, number: OperatorNumber, leaving: &mut JoinSet<()>) {
        for link in self.0.remove(&number).into_iter().flat_map(|running| running.links) {
            leaving.spawn(link.stop(GRACE));
        }
    }
}

/// True if two settings differ in nothing that a link would have to be bound again for.
fn same_links(running: &OperatorSmpp, wanted: &OperatorSmpp) -> bool {
    let policies_of_wanted = OperatorSmpp {
        throughput_per_second: wanted.throughput_per_second,
        number_format: wanted.number_format.clone(),
        receipt_ids: wanted.receipt_ids,
        receipt_states: wanted.receipt_states.clone(),
        receipt_time_zone: wanted.receipt_time_zone.clone(),
        receipts: wanted.receipts,
        retries: wanted.retries,
        long_messages: wanted.long_messages,
        unknown_outcome: wanted.unknown_outcome,
        ..running.clone()
    };
    policies_of_wanted == *wanted
}

fn start(
    scheduler: &Arc<DeliveryScheduler>,
    operator_queue: &Arc<OperatorQueue>,
    smpp: &OperatorSmpp,
) -> Vec<Link> {
    let submitting = match smpp.bind {
        OperatorBind::Transceiver => BindMode::Transceiver,
        OperatorBind::TransmitterReceiver => BindMode::Transmitter,
    };
    let receivers = u32::from(smpp.bind == OperatorBind::TransmitterReceiver);
    let modes = std::iter::repeat_n((submitting, smpp.window), smpp.binds as usize);
    let modes = modes.chain(std::iter::repeat_n((BindMode::Receiver, 0), receivers as usize));
    modes
        .map(|(mode, window)| {
            let peer = format!("{}:{}", smpp.host, smpp.port);
            let link_status = operator_queue.link_registry.add(mode, peer, window, now());
            let handler = OperatorLink::new(Arc::clone(scheduler), Arc::clone(operator_queue), link_status);
            Link::start(config(smpp, mode), handler)
        })
        .collect()
}

fn config(smpp: &OperatorSmpp, mode: BindMode) -> LinkConfig {
    let tls = smpp.tls.as_ref().map(|tls| LinkTls {
        ca_file: tls.ca_file.clone(),
        server_name: tls.server_name.clone(),
        insecure: tls.insecure,
    });
    let seconds = |count: u32| Duration::from_secs(u64::from(count));
    let millis = |count: u32| Duration::from_millis(u64::from(count));
    LinkConfig {
        host: smpp.host.clone(),
        port: smpp.port,
        tls,
        mode,
        system_id: smpp.system_id.clone(),
        password: smpp.password.expose().to_owned(),
        system_type: smpp.system_type.clone(),
        interface_version: smpp.interface_version.octet(),
        address_range: String::new(),
        window: smpp.window,
        enquire_link: seconds(smpp.enquire_link_seconds),
        response: seconds(smpp.response_seconds),
        connect: seconds(smpp.connect_seconds),
        pdu_length_max: PDU_LENGTH_MAX,
        reconnect_min: millis(smpp.reconnect_min_ms),
        reconnect_max: millis(smpp.reconnect_max_ms),
    }
}
