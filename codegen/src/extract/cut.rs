//! Finds what stands in `<code>` and `<example>`, and the schemas among it.

/// What stands in one `<code>` or `<example>`.
pub(super) struct Block {
    pub(super) example: bool,
    /// Where it begins in the document.
    pub(super) line: usize,
    /// Its content as it is meant: CDATA and references resolved.
    pub(super) text: String,
}

/// All blocks of a document in their order.
pub(super) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let entities = entities(document);
    let mut at = 0;
    while let Some((start, name)) = next_tag(document, at) {
        let Some(end_of_tag) = find(document, start, ">") else {
            break;
        };
        at = end_of_tag + 1;
        if document.get(end_of_tag.saturating_sub(1)..end_of_tag) == Some("/") {
            continue;
        }
        let close = format!("</{name}>");
        let Some(end) = end_of(document, at, &close) else {
            break;
        };
        let line = document.get(..start).unwrap_or("").matches('\n').count() + 1;
        let content = document.get(at..end).unwrap_or("");
        blocks.push(Block {
            example: name == "example",
            line,
            text: resolve(content, &entities),
        });
        at = end + close.len();
    }
    blocks
}

/// The entities that the document itself declares: name and value. Those that an earlier one stands in are resolved.
fn entities(document: &str) -> Vec<(&str, String)> {
    let mut known: Vec<(&str, String)> = Vec::new();
    for (name, value) in declared(document) {
        let value = resolve(value, &known);
        known.push((name, value));
    }
    known
}

/// The declarations as they are written.
fn declared(document: &str) -> Vec<(&str, &str)> {
    let declared = document.split("<!ENTITY ").skip(1).filter_map(|rest| {
        let (name, rest) = rest.trim_start().split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        Some((name, rest.get(1..)?.split(quote).next()?))
    });
    declared.collect()
}

/// The next start tag of one of the two elements, outside comments.
fn next_tag(document: &str, mut at: usize) -> Option<(usize, &'static str)> {
    loop {
        let start = find(document, at, "<")?;
        let rest = document.get(start..)?;
        if rest.starts_with("<!--") {
            at = find(document, start, "-->")? + 3;
            continue;
        }
        if rest.starts_with("<![CDATA[") {
            at = find(document, start, "]]>")? + 3;
            continue;
        }
        for name in ["example", "code"] {
            let after = rest.get(1..).and_then(|rest| rest.strip_prefix(name));
            if after.is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_whitespace()))
            {
                return Some((start, name));
            }
        }
        at = start + 1;
    }
}

/// Where the end tag stands, looking past CDATA sections.
fn end_of(document: &str, mut at: usize, close: &str) -> Option<usize> {
    loop {
        let end = find(document, at, close)?;
        match find(document, at, "<![CDATA[").filter(|cdata| *cdata < end) {
            Some(cdata) => at = find(document, cdata, "]]>")? + 3,
            None => return Some(end),
        }
    }
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

/// CDATA sections as they are, references outside them resolved, comments left out.
fn resolve(content: &str, entities: &[(&str, String)]) -> String {
    let known = |name: &str| {
        let own = entities.iter().find(|(own, _)| *own == name);
        own.map(|(_, value)| value.as_str())
            .or_else(|| quick_xml::escape::resolve_predefined_entity(name))
    };
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    loop {
        let cdata = rest.find("<![CDATA[");
        let plain = cdata.map_or(rest, |at| rest.get(..at).unwrap_or(""));
        let plain = match quick_xml::escape::unescape_with(plain, known) {
            Ok(text) => text.into_owned(),
            Err(_) => plain.to_owned(),
        };
        out.push_str(&plain);
        let Some(cdata) = cdata else { return out };
        let inside = rest.get(cdata + 9..).unwrap_or("");
        let (inside, after) = inside.split_once("]]>").unwrap_or((inside, ""));
        out.push_str(inside);
        rest = after;
    }
}

/// The schemas in a block, each with what stands before it (the XML declaration, a comment).
pub(super) fn schemas(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(start) = find(text, at, "<") {
        at = start + 1;
        let name = text.get(at..).unwrap_or("");
        let name = name
            .split(|c: char| c.is_whitespace() || c == '>' || c == '/')
            .next()
            .unwrap_or("");
        if name.rsplit(':').next() != Some("schema") {
            continue;
        }
        // Only what speaks of XML Schema: a payload may have an element of that name as well.
        let tag = find(text, at, ">").and_then(|end| text.get(start..end));
        if !tag.is_some_and(|tag| tag.contains("XMLSchema")) {
            continue;
        }
        let close = format!("</{name}>");
        let end = find(text, at, &close).map_or(text.len(), |end| end + close.len());
        found.push(text.get(from..end).unwrap_or("").trim());
        from = end;
        at = end;
    }
    found
}

/// A file name for a schema, from its target namespace.
pub(super) fn schema_name(schema: &str) -> String {
    let namespace = schema
        .split_once("targetNamespace")
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('='))
        .and_then(|rest| {
            let rest = rest.trim_start();
            let quote = rest.chars().next()?;
            rest.get(1..)?.split(quote).next()
        })
        .unwrap_or("schema");
    let short = [
        "http://jabber.org/protocol/",
        "http://jabber.org/",
        "http://www.",
        "http://",
        "https://",
        "urn:xmpp:",
        "urn:",
    ]
    .iter()
    .find_map(|prefix| namespace.strip_prefix(prefix))
    .unwrap_or(namespace);
    let words: Vec<&str> = short
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "schema".to_owned()
    } else {
        words.join("-")
    }
}
