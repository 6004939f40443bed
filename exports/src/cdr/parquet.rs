//! CDRs as Apache Parquet: every column optional, money as DECIMAL(18, 6), times as TIMESTAMP in microseconds and UTC.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::columns::{COLUMNS, Cells, KINDS};
use crate::{Cell, Kind};

/// Rows of a group, which are in memory at once.
const GROUP_ROWS: usize = 10_000;
/// Digits of money, in millionths.
const MONEY_DIGITS: i32 = 18;
const MONEY_SCALE: i32 = 6;

/// Writes a file, group by group.
pub struct ParquetRows<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Vec<Cells>,
}

impl<W: Write + Send> std::fmt::Debug for ParquetRows<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows").field("group", &self.group.len()).finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a file.
    pub fn new(output: W) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(output, schema()?, Arc::new(properties))?;
        Ok(Self { writer, group: Vec::new() })
    }

    /// Adds one row.
    pub fn push(&mut self, row: Cells) -> Result<(), ParquetError> {
        self.group.push(row);
        if self.group.len() >= GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    /// Ends the file, and gives what it was written to.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if !self.group.is_empty() {
            self.write_group()?;
        }
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (at, kind) in KINDS.iter().enumerate() {
            let Some(column) = group.next_column()? else { break };
            let cells = self.group.iter().filter_map(|row| row.get(at));
            match kind {
                Kind::Text => write_column::<ByteArrayType>(column, cells, text)?,
                Kind::Number | Kind::Money | Kind::Time => write_column::<Int64Type>(column, cells, number)?,
                Kind::Flag => write_column::<BoolType>(column, cells, flag)?,
            }
        }
        group.close()?;
        self.group.clear();
        Ok(())
    }
}

fn schema() -> Result<TypePtr, ParquetError> {
    let fields = COLUMNS.iter().zip(KINDS).map(|(name, kind)| field(name, kind).map(Arc::new));
    let fields = fields.collect::<Result<_, _>>()?;
    Type::group_type_builder("cdr").with_fields(fields).build().map(Arc::new)
}

fn field(name: &str, kind: Kind) -> Result<Type, ParquetError> {
    let physical = match kind {
        Kind::Text => PhysicalType::BYTE_ARRAY,
        Kind::Number | Kind::Money | Kind::Time => PhysicalType::INT64,
        Kind::Flag => PhysicalType::BOOLEAN,
    };
    let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    match kind {
        Kind::Text => builder.with_logical_type(Some(LogicalType::String)),
        Kind::Money => builder
            .with_logical_type(Some(LogicalType::decimal(MONEY_SCALE, MONEY_DIGITS)))
            .with_precision(MONEY_DIGITS)
            .with_scale(MONEY_SCALE),
        Kind::Time => builder.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Number | Kind::Flag => builder,
    }
    .build()
}

/// A column's values, and for each row whether it has one.
fn write_column<'c, T: DataType>(
    mut column: SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = &'c Cell>,
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.map(value).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn text(cell: &Cell) -> Option<ByteArray> {
    match cell {
        Cell::Text(text) => Some(text.as_str().into()),
        _ => None,
    }
}

fn number(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Number(number) => Some(*number),
        Cell::Money(amount) => Some(amount.micros()),
        Cell::Time(at) => i64::try_from(at.0).ok(),
        _ => None,
    }
}

fn flag(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(*flag),
        _ => None,
    }
}
