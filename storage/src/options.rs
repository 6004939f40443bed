//! Settings of RocksDB and their reasons.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::schema::Family;
use crate::sums::Place;
use rocksdb::compaction_filter::Decision;
use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, Options};

const MIB: usize = 1 << 20;

/// Write-ahead logs beyond this make RocksDB flush, which bounds what a restart has to replay.
const WAL_BYTES_MAX: u64 = 192 << 20;

/// A file of refused messages or of texts is compacted after that time at the latest: a day.
const PERIODIC_COMPACTION_SECONDS: u64 = 86_400;

/// For the database as a whole.
pub fn database() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A log file that is written over again has its blocks already: the sync of a commit then needs no
    // metadata.
    options.set_recycle_log_file_num(4);
    // After `kill -9` or power loss the log is good up to its first damaged record. That no client got an answer for what
    // comes after it is what the anchor proves, before this is opened for writing.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // A log file that is missing is noticed, however much of what it held is in tables already.
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(MIB as u64);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 * MIB);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options
}

/// For one column family.
pub fn family(family: Family, cache: &Cache, forgotten_hour: &Arc<AtomicU32>) -> Options {
    let mut options = Options::default();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_level_compaction_dynamic_level_bytes(true);
    match family {
        Family::Cdrs => {
            // Large values in key order: large blocks compress better and are read in runs.
            table.set_block_size(64 * 1024);
            options.set_write_buffer_size(64 * MIB);
            options.set_max_write_buffer_number(3);
            options.set_target_file_size_base(64 * MIB as u64);
            options.set_bottommost_compression_type(DBCompressionType::Zstd);
        }
        Family::Keys | Family::Requests => {
            // Nearly every look-up is for a key that is not there.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(16 * MIB);
            options.set_compaction_filter("expired_keys", dropping(family, forgotten_hour));
        }
        Family::Upstream => {
            // A receipt names any of days of messages, and an early or foreign one names none.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(32 * MIB);
            options.set_compaction_filter("settled_messages", dropping(family, forgotten_hour));
        }
        Family::Queue => {
            // A message is read once, in order, and then deleted, mostly while it is still in memory. There
            // is nothing to look up that is not there, so no bloom filter; there is room for a queue to come
            // and go without a file.
            options.set_write_buffer_size(64 * MIB);
            options.set_max_write_buffer_number(3);
            drop_deleted_early(&mut options);
        }
        Family::Scheduled
        | Family::Expiries
        | Family::Leases
        | Family::Awaiting
        | Family::Receipts
        | Family::SeriesOpen => {
            options.set_write_buffer_size(16 * MIB);
            drop_deleted_early(&mut options);
        }
        Family::Series => {
            // The rows of the latest spans are written over and over. Those of minutes and hours are removed in the end.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(32 * MIB);
            drop_deleted_early(&mut options);
        }
        Family::Usage => {
            // The rows of the current quarter are written over and over, and mostly go before they reach a
            // file. A new row is looked up once, where it is not.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(32 * MIB);
        }
        Family::Health => {
            options.set_write_buffer_size(4 * MIB);
            options.set_compaction_filter("old_health", dropping(family, forgotten_hour));
        }
        Family::Refusals => {
            // Numbers of people are in it, so that what has ended goes from the disk within a day, traffic or not.
            options.set_write_buffer_size(4 * MIB);
            options.set_periodic_compaction_seconds(PERIODIC_COMPACTION_SECONDS);
            options.set_compaction_filter("old_refusals", dropping(family, forgotten_hour));
        }
        Family::MessageTexts => {
            // What people wrote: it goes from the disk within a day of its end, traffic or not.
            options.set_write_buffer_size(16 * MIB);
            options.set_periodic_compaction_seconds(PERIODIC_COMPACTION_SECONDS);
            options.set_compaction_filter("old_texts", dropping(family, forgotten_hour));
            options.set_bottommost_compression_type(DBCompressionType::Zstd);
        }
        _ => options.set_write_buffer_size(16 * MIB),
    }
    options.set_block_based_table_factory(&table);
    options
}

/// These families are read from the front on, where all is deleted sooner or later: a reader would have to
/// step over what is only marked as deleted. A file in which much is marked is compacted although nothing
/// else asks for it.
fn drop_deleted_early(options: &mut Options) {
    let (window, deleted, share) = (4_096, 2_048, 0.5);
    options.add_compact_on_deletion_collector_factory(window, deleted, share);
}

/// Drops rows whose hour is forgotten, at no cost but that of compaction: they have left the running sums.
fn dropping(
    family: Family,
    forgotten_hour: &Arc<AtomicU32>,
) -> impl FnMut(u32, &[u8], &[u8]) -> Decision + Send + 'static {
    let forgotten_hour = Arc::clone(forgotten_hour);
    move |_level, key, value| {
        let place = Place::of(family, key, value);
        let is_gone = place.is_forgotten(forgotten_hour.load(Ordering::Relaxed));
        if is_gone { Decision::Remove } else { Decision::Keep }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::operator::OperatorNumber;
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::schema::health_key;
    use crate::sums::hour_of;

    const HOUR: u64 = 3_600_000_000;

    fn goes(family: Family, key: &[u8], value: &[u8], forgotten_hour: u32) -> bool {
        let mut decide = dropping(family, &Arc::new(AtomicU32::new(forgotten_hour)));
        matches!(decide(0, key, value), Decision::Remove)
    }

    #[test]
    fn rows_go_once_the_hour_of_their_end_is_forgotten() {
        let row = |expires_at: u64| [&expires_at.to_be_bytes()[..], b"rest"].concat();
        for family in [Family::Keys, Family::Requests, Family::Upstream, Family::MessageTexts] {
            assert!(goes(family, b"keys", &row(7 * HOUR + 5), 7));
            assert!(!goes(family, b"keys", &row(8 * HOUR), 7));
            // A message whose receipt is awaited has no end; what is no row is for a reader to stumble over.
            assert!(!goes(family, b"keys", &row(u64::MAX), u32::MAX - 1));
            assert!(!goes(family, b"keys", b"short", u32::MAX - 1));
        }
    }

    #[test]
    fn samples_go_after_ninety_days() {
        let now = 2_000 * 24 * HOUR;
        let key = |age_days: u64| health_key(OperatorNumber(1), UnixMicros(now - age_days * 24 * HOUR));
        assert!(goes(Family::Health, &key(91), b"sample", hour_of(UnixMicros(now))));
        assert!(!goes(Family::Health, &key(89), b"sample", hour_of(UnixMicros(now))));
    }
}
