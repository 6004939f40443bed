//! One benchmark for each stage that a message goes through, all on the same real texts and numbers.
//!
//! An iteration is a batch of messages, as a session works through what one read brought; the results are per
//! message.

#![allow(missing_docs, reason = "criterion_group! writes functions without documentation")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to say"
)]

mod books;
mod fixture;
mod protocol;
mod pumping;
mod rating;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

use fixture::{BATCH, Fixture};

fn stages(criterion: &mut Criterion) {
    let fixture = Fixture::load();
    let mut group: BenchmarkGroup<'_, WallTime> = criterion.benchmark_group("stages");
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(30);
    protocol::decode(&mut group, &fixture);
    rating::numbering(&mut group, &fixture);
    rating::segments(&mut group, &fixture);
    rating::price(&mut group, &fixture);
    rating::debit(&mut group, &fixture);
    rating::charge(&mut group, &fixture);
    rating::charge_chain(&mut group, &fixture);
    rating::charge_capped(&mut group, &fixture);
    pumping::pumping(&mut group, &fixture);
    pumping::pumping_found(&mut group, &fixture);
    books::cdr_encode(&mut group, &fixture);
    books::commit(&mut group, &fixture);
    protocol::encode(&mut group, &fixture);
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
