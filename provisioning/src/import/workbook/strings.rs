//! The strings that cells of a workbook share.

use super::xml::{Step, Steps};
use crate::import::bounds::CELLS_MAX;
use crate::import::grid::FileFault;

/// Reads the part of shared strings. Of rich text all runs count, and of its reading aids none.
pub fn read_strings(text: &str) -> Result<Vec<Box<str>>, FileFault> {
    let (mut steps, mut strings) = (Steps::of(text), Vec::new());
    let (mut current, mut is_text, mut aids) = (String::new(), false, 0_u32);
    loop {
        match steps.next()? {
            Step::Start(element, is_empty) => match element.local_name().as_ref() {
                "si" if is_empty => strings.push("".into()),
                "si" => current.clear(),
                "rPh" if !is_empty => aids += 1,
                "t" => is_text = !is_empty,
                _ => {}
            },
            Step::End(name) => match name.as_str() {
                "si" => strings.push(current.as_str().into()),
                "rPh" => aids = aids.saturating_sub(1),
                "t" => is_text = false,
                _ => {}
            },
            Step::Text(piece) if is_text && aids == 0 => current.push_str(&piece),
            Step::Text(_) => {}
            Step::Done => return Ok(strings),
        }
        if strings.len() > CELLS_MAX {
            return Err(FileFault::whole(format!("has more than {CELLS_MAX} strings")));
        }
    }
}
