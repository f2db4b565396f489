//! Several statements in one text.

/// The statements as a text: each ends with a semicolon and a line's end.
#[must_use]
pub fn join(statements: &[String]) -> String {
    statements
        .iter()
        .map(|statement| format!("{statement};\n"))
        .collect()
}

/// The statements of a text. A semicolon inside quotes or a comment ends none; comments go with the statement they
/// stand in or before, and what is only a comment is no statement.
#[must_use]
pub fn split(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let (mut begin, mut quote, mut comment, mut empty) = (0, None, None, true);
    let mut octets = text.bytes().enumerate().peekable();
    while let Some((place, octet)) = octets.next() {
        let next = octets.peek().map(|(_, octet)| *octet);
        match (quote, comment, octet) {
            // A doubled quote closes and opens again, which comes to the same.
            (Some(open), _, _) => quote = (octet != open).then_some(open),
            (None, Some(b'\n'), b'\n') => comment = None,
            (None, Some(b'*'), b'*') if next == Some(b'/') => {
                octets.next();
                comment = None;
            }
            (None, Some(_), _) => {}
            (None, None, b'-') if next == Some(b'-') => comment = Some(b'\n'),
            (None, None, b'/') if next == Some(b'*') => {
                octets.next();
                comment = Some(b'*');
            }
            (None, None, b'\'' | b'"' | b'`') => {
                quote = Some(octet);
                empty = false;
            }
            (None, None, b';') => {
                if !empty {
                    statements.extend(text.get(begin..place).map(str::trim));
                }
                (begin, empty) = (place + 1, true);
            }
            (None, None, other) => empty &= other.is_ascii_whitespace(),
        }
    }
    if !empty {
        statements.extend(text.get(begin..).map(str::trim));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let statements = [
            "CREATE TABLE a (b TEXT)".to_owned(),
            "DROP TABLE c".to_owned(),
        ];
        assert_eq!(split(&join(&statements)), statements);
    }

    #[test]
    fn semicolons_that_end_nothing() {
        let text = "-- first; of all\nINSERT INTO a VALUES ('x;''y;', \"z;\"); /* and; */\n\
                    UPDATE `b;` SET c = 1 -- so; \n;;\n-- the end;\n";
        assert_eq!(
            split(text),
            [
                "-- first; of all\nINSERT INTO a VALUES ('x;''y;', \"z;\")",
                "/* and; */\nUPDATE `b;` SET c = 1 -- so;",
            ]
        );
        assert_eq!(split("  \n-- nothing\n"), Vec::<&str>::new());
        assert_eq!(split("SELECT 1"), ["SELECT 1"]);
    }
}
