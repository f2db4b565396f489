//! What kinds of files are served how: a page that a browser shows could act for whoever looks at it.

use sestina_session::http::header::HeaderValue;

use super::address::escaped;

const UNKNOWN: &str = "application/octet-stream";

/// Pictures that are nothing but pictures.
const PICTURES: &[&str] = &[
    "apng", "avif", "bmp", "gif", "heic", "heif", "jpeg", "jxl", "png", "tiff", "webp",
];
/// Other kinds that no browser runs.
const HARMLESS: &[&str] = &[
    "application/epub+zip",
    "application/gzip",
    "application/msword",
    "application/ogg",
    "application/pdf",
    "application/pgp-encrypted",
    "application/pgp-keys",
    "application/pgp-signature",
    "application/rtf",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/zip",
    "text/calendar",
    "text/csv",
    "text/markdown",
    "text/plain",
    "text/vcard",
];

/// The type and subtype of what a content type says, in small letters; none where that is none.
pub(super) fn essence(written: &str) -> Option<String> {
    let essence = written.split(';').next().unwrap_or_default().trim();
    let (type_, subtype) = essence.split_once('/')?;
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet))
    };
    (is_token(type_) && is_token(subtype) && essence.len() <= 127)
        .then(|| essence.to_ascii_lowercase())
}

/// The content type under which a file is served, and whether a browser may show it where it stands.
pub(super) fn served(essence: Option<&str>) -> (HeaderValue, bool) {
    let essence = essence.unwrap_or(UNKNOWN);
    let (type_, subtype) = essence.split_once('/').unwrap_or_default();
    let is_markup = subtype.ends_with("xml");
    let (known, shown) = match type_ {
        "image" => (!is_markup, PICTURES.contains(&subtype)),
        "audio" | "video" => (!is_markup, !is_markup),
        "application" if subtype.starts_with("vnd.") => (!is_markup, false),
        _ => (HARMLESS.contains(&essence), false),
    };
    let unknown = HeaderValue::from_static(UNKNOWN);
    if !known {
        return (unknown, false);
    }
    match HeaderValue::from_str(essence) {
        Ok(value) => (value, shown),
        Err(_) => (unknown, false),
    }
}

/// How a browser has to take a file (RFC 6266).
pub(super) fn disposition(shown: bool, name: &str) -> HeaderValue {
    let how = if shown { "inline" } else { "attachment" };
    let text = format!("{how}; filename*=UTF-8''{}", escaped(name));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// Which octets of a file are wanted (RFC 9110 §14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// From the first to the last, both included.
    Part(u64, u64),
    /// Such that it does not have.
    None,
}

/// Reads a header `Range`. One of several parts is answered with all, as it may be.
pub(super) fn wanted(range: &str, size: u64) -> Wanted {
    let Some(part) = range.trim().strip_prefix("bytes=") else {
        return Wanted::All;
    };
    let Some((first, last)) = part.split_once('-') else {
        return Wanted::All;
    };
    if part.contains(',') {
        return Wanted::All;
    }
    let end = size.saturating_sub(1);
    match (first.trim().parse::<u64>(), last.trim()) {
        (Ok(first), "") if first < size => Wanted::Part(first, end),
        (Ok(first), "") if first >= size => Wanted::None,
        (Ok(first), last) => match last.parse::<u64>() {
            Ok(last) if last < first => Wanted::All,
            Ok(_) if first >= size => Wanted::None,
            Ok(last) => Wanted::Part(first, last.min(end)),
            Err(_) => Wanted::All,
        },
        (Err(_), last) if first.trim().is_empty() => match last.parse::<u64>() {
            Ok(0) => Wanted::None,
            Ok(_) if size == 0 => Wanted::None,
            Ok(last) => Wanted::Part(size.saturating_sub(last), end),
            Err(_) => Wanted::All,
        },
        (Err(_), _) => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_is_shown_or_named() {
        for (written, type_, shown) in [
            ("image/png", "image/png", true),
            ("IMAGE/JPEG; x=y", "image/jpeg", true),
            ("video/mp4", "video/mp4", true),
            ("image/svg+xml", UNKNOWN, false),
            ("text/html", UNKNOWN, false),
            ("application/xhtml+xml", UNKNOWN, false),
            ("text/javascript", UNKNOWN, false),
            ("application/vnd.mozilla.xul+xml", UNKNOWN, false),
            ("application/pdf", "application/pdf", false),
            ("image/x-unknown", "image/x-unknown", false),
            ("text/plain\r\nset-cookie: a=b", UNKNOWN, false),
            ("nonsense", UNKNOWN, false),
        ] {
            let (value, inline) = served(essence(written).as_deref());
            assert_eq!(
                (value.to_str().unwrap(), inline),
                (type_, shown),
                "{written:?}"
            );
        }
        let header = disposition(true, "a\"b\r\n; é.png");
        let header = header.to_str().unwrap();
        assert_eq!(
            header,
            "inline; filename*=UTF-8''a%22b%0D%0A%3B%20%C3%A9.png"
        );
    }

    #[test]
    fn parts_are_within_the_file() {
        for (range, part) in [
            ("bytes=0-", Wanted::Part(0, 9)),
            ("bytes=2-4", Wanted::Part(2, 4)),
            ("bytes=2-400", Wanted::Part(2, 9)),
            ("bytes=-3", Wanted::Part(7, 9)),
            ("bytes=-30", Wanted::Part(0, 9)),
            ("bytes=10-", Wanted::None),
            ("bytes=10-12", Wanted::None),
            ("bytes=-0", Wanted::None),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=99999999999999999999-", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("bytes=x-y", Wanted::All),
            ("bytes", Wanted::All),
        ] {
            assert_eq!(wanted(range, 10), part, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::None);
        assert_eq!(wanted("bytes=-1", 0), Wanted::None);
    }
}
