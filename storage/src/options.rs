//! How RocksDB is set up, and why.

use rocksdb::compaction_filter::Decision;
use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, Options};

use crate::clock::now;
use crate::schema::Family;

const MIB: usize = 1 << 20;

/// Write-ahead logs beyond this make RocksDB flush, which bounds what a restart has to replay.
const WAL_BYTES_MAX: u64 = 192 << 20;

/// For the database as a whole.
pub fn database() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A log file that is written over again has its blocks already: the sync of a commit then needs no metadata.
    options.set_recycle_log_file_num(4);
    // After `kill -9` or power loss the log is good up to its first damaged record, which no client was told of.
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
        Family::Keys => {
            // Nearly every look-up is for a key that is not there.
            table.set_bloom_filter(10.0, false);
            options.set_write_buffer_size(16 * MIB);
            options.set_compaction_filter("expired_keys", drop_expired);
        }
        _ => options.set_write_buffer_size(16 * MIB),
    }
    options.set_block_based_table_factory(&table);
    options
}

/// Forgets idempotency keys whose window has passed, at no cost but that of compaction.
fn drop_expired(_level: u32, _key: &[u8], value: &[u8]) -> Decision {
    let expires_at = value.first_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes));
    if expires_at < now().0 { Decision::Remove } else { Decision::Keep }
}
