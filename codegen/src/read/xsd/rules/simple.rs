//! Types of values, with their facets.

use super::super::references::{Kind, split};
use super::super::xml::{Node, XS};
use super::{DEPTH, Rules, escape};

/// The facets that the strict mode knows.
const FACETS: &[&str] = &[
    "enumeration",
    "pattern",
    "length",
    "minLength",
    "maxLength",
    "totalDigits",
    "fractionDigits",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
];

impl<'a> Rules<'a> {
    fn add(&mut self, line: String) -> String {
        // The same built-in types come again and again.
        let known = self.simples.iter().position(|known| *known == line);
        let at = known.unwrap_or_else(|| {
            self.simples.push(line);
            self.simples.len() - 1
        });
        format!("#{at}")
    }

    pub(super) fn language(&mut self) -> String {
        self.add("S\txs:language".to_owned())
    }

    /// A type by its name.
    pub(super) fn simple_named(&mut self, reference: &str, depth: usize) -> String {
        let (namespace, name) = split(reference);
        if namespace != XS && depth <= DEPTH {
            let key = (namespace.to_owned(), format!("simple {name}"));
            if let Some(known) = self.named.get(&key) {
                return known.clone();
            }
            if let Some((node, _)) = self.global(Kind::Type, reference) {
                let made = if node.is("simpleType") {
                    self.simple(node, depth + 1)
                } else {
                    self.add("S\txs:string".to_owned())
                };
                self.named.insert(key, made.clone());
                return made;
            }
        }
        let name = if namespace == XS { name } else { "string" };
        self.add(format!("S\txs:{}", escape(name)))
    }

    /// The `xs:simpleType` inside a declaration.
    pub(super) fn simple_in(&mut self, node: &'a Node, depth: usize) -> String {
        match node.child("simpleType") {
            Some(inner) if depth <= DEPTH => self.simple(inner, depth + 1),
            _ => self.add("S\txs:string".to_owned()),
        }
    }

    fn simple(&mut self, node: &'a Node, depth: usize) -> String {
        if let Some(restriction) = node.child("restriction") {
            let base = match restriction.value("base") {
                Some(base) => self.simple_named(base, depth),
                None => self.simple_in(restriction, depth),
            };
            return self.restricted(&base, restriction);
        }
        if let Some(list) = node.child("list") {
            let item = match list.value("itemType") {
                Some(item) => self.simple_named(item, depth),
                None => self.simple_in(list, depth),
            };
            return self.add(format!("S\t*{item}"));
        }
        if let Some(union) = node.child("union") {
            let mut members = Vec::new();
            for member in union
                .value("memberTypes")
                .unwrap_or_default()
                .split_whitespace()
            {
                members.push(self.simple_named(member, depth));
            }
            for inner in union.children.iter().filter(|child| child.is("simpleType")) {
                members.push(self.simple(inner, depth + 1));
            }
            return self.add(format!("S\t|{}", members.join(" ")));
        }
        self.add("S\txs:string".to_owned())
    }

    /// A type narrowed by the facets of a restriction.
    pub(super) fn restricted(&mut self, base: &str, restriction: &Node) -> String {
        let mut line = format!("S\t{base}");
        for facet in &restriction.children {
            if FACETS.contains(&facet.name.as_str())
                && let Some(value) = facet.value("value")
            {
                line += &format!("\t{}={}", facet.name, escape(value));
            }
        }
        self.add(line)
    }
}
