//! The addresses of files: what is in them, and what makes one good for an upload.

use sestina_session::host::Host;
use subtle::ConstantTimeEq as _;

use sestina_types::xep_0363::tables::UploadsRow;

/// Digits of an identifier: 128 random bits.
const DIGITS: usize = 32;
/// Octets of a file's name.
pub(super) const LONGEST_NAME: usize = 200;

/// What a path below that of the service names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

/// Reads what comes behind the path of the service: an identifier, a slash and a name.
pub(super) fn read(rest: &str) -> Option<Named> {
    let (id, name) = rest.split_once('/')?;
    let name = decoded(name)?;
    (is_id(id) && !name.is_empty()).then(|| Named {
        id: id.to_owned(),
        name,
    })
}

/// Whether this is written like an identifier, and so can be the name of a file.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == DIGITS
        && text
            .bytes()
            .all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

/// The name under which a file is offered: the last part of what it is called, none where nothing is left.
pub(super) fn safe_name(written: &str) -> Option<String> {
    let last = written.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|char| !char.is_control())
        .collect::<String>()
        .trim()
        .to_owned();
    (!matches!(name.as_str(), "" | "." | "..") && name.len() <= LONGEST_NAME).then_some(name)
}

/// A name as it stands in an address (RFC 3986 §2.3).
pub(super) fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut octets = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        if octet != b'%' {
            out.push(octet);
            continue;
        }
        let mut digit = || char::from(octets.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// What the address of an upload has to show: made from all that the place was given for, with a key of the host. The
/// address under which others get the file does not tell it.
pub(super) fn signature(host: &Host, row: &UploadsRow) -> String {
    let size = row.size.to_be_bytes();
    let parts = [
        row.id.as_bytes(),
        row.owner.as_str().as_bytes(),
        row.filename.as_bytes(),
        row.content_type.as_deref().unwrap_or_default().as_bytes(),
    ];
    // The length before each part: no two rows are written the same.
    let mut all = size.to_vec();
    for part in parts {
        all.extend_from_slice(&u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        all.extend_from_slice(part);
    }
    let key = host.key("upload", &[&all]);
    let octets = key.expose_secret().iter();
    octets.map(|octet| format!("{octet:02x}")).collect()
}

/// Whether the query of an address shows the signature, in a time that does not tell how much of it.
pub(super) fn is_signed(host: &Host, row: &UploadsRow, query: Option<&str>) -> bool {
    let mut pairs = query.unwrap_or_default().split('&');
    let Some(shown) = pairs.find_map(|pair| pair.strip_prefix("v=")) else {
        return false;
    };
    signature(host, row)
        .as_bytes()
        .ct_eq(shown.as_bytes())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_addresses() {
        let id = "0123456789abcdef0123456789abcdef";
        for name in [
            "view.jpg",
            "très cool.jpg",
            "100%.txt",
            "a&b=c?.d#e",
            "写真",
        ] {
            let named = read(&format!("{id}/{}", escaped(name))).unwrap();
            assert_eq!((named.id.as_str(), named.name.as_str()), (id, name));
        }
        for wrong in [
            "",
            id,
            &format!("{id}/"),
            &format!("{id}/%"),
            &format!("{id}/%4"),
            &format!("{id}/%zz"),
            &format!("{id}/%ff"),
            "0123456789ABCDEF0123456789ABCDEF/x",
            "../../../../../../../../etc/passwd/x",
            "..%2f..%2f..%2f..%2f..%2f..%2f.../x",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_a_path_only_the_name_is_left() {
        for (written, name) in [
            ("view.jpg", Some("view.jpg")),
            ("/etc/passwd", Some("passwd")),
            ("C:\\photos\\view.jpg", Some("view.jpg")),
            ("../../view\r\n.jpg\0", Some("view.jpg")),
            ("..", None),
            ("photos/..", None),
            (" ", None),
            ("", None),
        ] {
            assert_eq!(safe_name(written).as_deref(), name, "{written:?}");
        }
        assert_eq!(safe_name(&"x".repeat(LONGEST_NAME + 1)), None);
    }
}
