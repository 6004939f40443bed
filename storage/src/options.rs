//! Settings of RocksDB and their reasons.

use rocksdb::compaction_filter::Decision;
use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, Options};
use tollgate_engine::time::UnixMicros;

use crate::clock::forgotten_before;
use crate::schema::{Family, parse_operator_number_key};

const MIB: usize = 1 << 20;

const HEALTH_KEPT_MICROS: u64 = 90 * 86_400 * 1_000_000;

/// Write-ahead logs beyond this make RocksDB flush, which bounds what a restart has to replay.
const WAL_BYTES_MAX: u64 = 192 << 20;

/// For the database as a whole.
pub fn database() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A log file that is written over again has its blocks already: the sync of a commit then needs no
    // metadata.
    options.set_recycle_log_file_num(4);
    // After `kill -9` or power loss the log is good up to its first damaged record, which no client got an
    // answer for.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
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
pub fn family(family: Family, cache: &Cache) -> Options {
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
            options
                .set_compaction_filter("expired_keys", |_, _, value| drop_expired(value, forgotten_before()));
        }
        Family::Upstream => {
            // A receipt names any of days of messages, and an early or foreign one names none.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(32 * MIB);
            options.set_compaction_filter("settled_messages", |_, _, value| {
                drop_expired(value, forgotten_before())
            });
        }
        Family::Queue => {
            // A message is read once, in order, and then deleted, mostly while it is still in memory. There
            // is nothing to look up that is not there, so no bloom filter; there is room for a queue to come
            // and go without a file.
            options.set_write_buffer_size(64 * MIB);
            options.set_max_write_buffer_number(3);
            drop_deleted_early(&mut options);
        }
        Family::Scheduled | Family::Expiries | Family::Leases | Family::Awaiting | Family::Receipts => {
            options.set_write_buffer_size(16 * MIB);
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
            options.set_compaction_filter("old_health", |_, key, _| drop_old_health(key, forgotten_before()));
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

/// Forgets health samples after ninety days.
fn drop_old_health(key: &[u8], due: UnixMicros) -> Decision {
    let at = parse_operator_number_key(key).map_or(u64::MAX, |(_, at)| at);
    if at.saturating_add(HEALTH_KEPT_MICROS) < due.0 { Decision::Remove } else { Decision::Keep }
}

/// Forgets idempotency keys whose window has passed, and the operators' ids of messages that are long
/// settled, at no cost but that of compaction. Both rows begin with their end.
fn drop_expired(value: &[u8], due: UnixMicros) -> Decision {
    let expires_at = value.first_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes));
    if expires_at < due.0 { Decision::Remove } else { Decision::Keep }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::operator::OperatorNumber;

    use super::*;
    use crate::schema::health_key;

    const NOW: UnixMicros = UnixMicros(1_795_176_000_000_000);

    fn goes(decision: &Decision) -> bool {
        matches!(decision, Decision::Remove)
    }

    #[test]
    fn rows_go_when_their_end_has_passed() {
        let row = |expires_at: u64| [&expires_at.to_be_bytes()[..], b"rest"].concat();
        assert!(goes(&drop_expired(&row(NOW.0 - 1), NOW)));
        assert!(!goes(&drop_expired(&row(NOW.0), NOW)));
        // A message whose receipt is awaited has no end; what is no row is for a reader to stumble over.
        assert!(!goes(&drop_expired(&row(u64::MAX), NOW)));
        assert!(!goes(&drop_expired(b"short", NOW)));
        assert!(!goes(&drop_expired(&row(1), UnixMicros(0))), "before the clock is judged nothing goes");
    }

    #[test]
    fn samples_go_after_ninety_days() {
        let key =
            |age_days: u64| health_key(OperatorNumber(1), UnixMicros(NOW.0 - age_days * 86_400_000_000));
        assert!(goes(&drop_old_health(&key(91), NOW)));
        assert!(!goes(&drop_old_health(&key(89), NOW)));
        assert!(!goes(&drop_old_health(b"short", NOW)));
    }
}
