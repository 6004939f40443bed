//! A price list as a whole: read, mapped, and brought to rates by network, or refused with every line that is at fault.

use std::sync::Arc;

use super::directory::NetworkDirectory;
use super::file::open_file;
use super::header;
use super::listed::{PriceList, ReadOptions, RefusedList};
use super::profile::Formats;
use super::reading::Reading;
use crate::read::Problems;

/// Reads a price list.
pub fn read_price_list(
    octets: &[u8],
    options: &ReadOptions<'_>,
    directory: &NetworkDirectory<'_>,
) -> Result<PriceList, RefusedList> {
    let file: Arc<str> = options.name.into();
    let mut problems = Problems::default();
    let formats = match options.profile.formats() {
        Ok(formats) => Formats { wording: options.wording, ..formats },
        Err(faults) => {
            for (key, message) in faults {
                problems.add(&options.wording.key(&key).into(), 0, "", message);
            }
            return Err(problems.into());
        }
    };
    let opened = open_file(octets, options.profile, &formats).map_err(|fault| {
        let mut problems = Problems::default();
        problems.add(&file, fault.line, "", fault.message);
        problems
    })?;
    let header =
        header::find(&opened.grid, options.profile.header_line, &formats, options.currency, directory);
    let header = match header {
        Ok(header) => header,
        Err((line, message)) => {
            problems.add(&file, line, "", message);
            return Err(problems.into());
        }
    };
    let mut reading = Reading::begin(&file, options, &formats, directory, &opened, &header);
    reading.read_rows(&mut problems);
    reading.settle(&mut problems);
    let (mapping, profile) = reading.mapping();
    if !problems.is_empty() {
        return Err(RefusedList { problems, mapping: Some(Box::new(mapping)) });
    }
    let Reading { rates, closed, warnings, content, .. } = reading;
    Ok(PriceList { mapping, profile, rates, closed, content, warnings: warnings.told })
}
