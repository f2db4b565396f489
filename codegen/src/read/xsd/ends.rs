//! End tags that close something else than what is open: which slip it was.

use quick_xml::events::Event;

/// How an end tag is read that does not close the innermost open element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// So many elements inside the one it closes lack their end tags.
    Closes(usize),
    /// It is misspelt, and closes the innermost one.
    Misspelt,
    /// Nothing that it could close is open: it is one too many.
    Stray,
}

/// The reading with which the rest of the file goes on longest before another tag does not match.
///
/// `open` are the names of the open elements as written, the innermost last; `rest` is what follows the end tag.
pub(super) fn reading(open: &[String], closes: &str, rest: &str) -> Reading {
    let mut readings = Vec::new();
    if let Some(at) = open.iter().rposition(|name| name == closes) {
        readings.push(Reading::Closes(open.len() - 1 - at));
    }
    if open.len() > 1 {
        readings.push(Reading::Misspelt);
    }
    readings.push(Reading::Stray);
    let mut best = (0, Reading::Stray);
    for reading in readings {
        let left = open.len()
            - match reading {
                Reading::Closes(inside) => inside + 1,
                Reading::Misspelt => 1,
                Reading::Stray => 0,
            };
        let goes_on = 1 + matching(open.get(..left).unwrap_or(&[]), rest);
        if goes_on > best.0 {
            best = (goes_on, reading);
        }
    }
    best.1
}

/// How many tags match with these elements open.
fn matching(open: &[String], rest: &str) -> usize {
    let mut open = open.to_vec();
    let mut reader = quick_xml::Reader::from_str(rest);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut count = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => open.push(start.name().as_ref().to_owned()),
            Ok(Event::End(end))
                if open
                    .last()
                    .is_some_and(|name| *name == *end.name().as_ref()) =>
            {
                open.pop();
            }
            Ok(Event::Eof) if open.is_empty() => return count + 1,
            Ok(Event::End(_) | Event::Eof) | Err(_) => return count,
            Ok(_) => continue,
        }
        count += 1;
    }
}
