//! Reads the text that the generator writes for a schema.
//!
//! A record a line, fields divided by tabs. `\\`, `\t`, `\n` and `\r` stand for what cannot be in a field.
//!
//! | record | fields |
//! |---|---|
//! | `N` | the target namespace; the first record |
//! | `S` | a simple type: `xs:NAME`, `#N` (restricted further), `*#N` (a list of it) or `\|#N #M` (one of them), then facets as `name=value` |
//! | `T` | a complex type: `m` if it is mixed, then tokens |
//! | `E` | an element at the top: name, type |
//!
//! Types are `#N` (the N-th simple type of this text), `$N` (the N-th complex one) or `*`. Tokens of a complex type:
//! `=` and the simple type of its text; `@`, name, `r` or `o`, simple type, `=` and the fixed value or nothing;
//! `@*` and namespaces; a particle. A particle is `e`, bounds, name, type; `r`, bounds, name (declared at the top); `*`,
//! bounds, namespaces; `(,` or `(|` or `(&`, bounds, particles, `)`. Bounds are `min max`, `-` for no bound. A name is
//! `{namespace}name`, without the braces an element in the target namespace or an attribute in none. Namespaces are `any`,
//! `other`, or `=` and namespaces divided by spaces, `##local` for none.

use super::simple::Simple;
use super::{Attribute, Complex, Namespaces, Particle, RulesError, Term, TypeRef};

/// One schema, its references counted from where its types will stand.
pub(super) struct Schema {
    pub(super) namespace: Box<str>,
    pub(super) simples: Vec<Simple>,
    pub(super) complexes: Vec<Complex>,
    pub(super) elements: Vec<(Box<str>, TypeRef)>,
}

type Answer<T> = Result<T, &'static str>;

pub(super) fn schema(text: &str, simples: usize, complexes: usize) -> Result<Schema, RulesError> {
    let mut schema = Schema {
        namespace: "".into(),
        simples: Vec::new(),
        complexes: Vec::new(),
        elements: Vec::new(),
    };
    for (at, line) in text.lines().enumerate() {
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        let mut fields = Fields {
            rest: fields.iter(),
            namespace: schema.namespace.clone(),
            simples,
            complexes,
        };
        record(&mut fields, &mut schema).map_err(|what| RulesError { line: at + 1, what })?;
    }
    Ok(schema)
}

fn record(fields: &mut Fields<'_>, schema: &mut Schema) -> Answer<()> {
    match fields.next()? {
        "N" => schema.namespace = fields.next()?.into(),
        "S" => {
            let base = fields.next()?.to_owned();
            let mut simple = Simple::new(&base, |name| fields.simple(name))?;
            for facet in fields.rest.by_ref() {
                let (name, value) = facet.split_once('=').ok_or("a facet is `name=value`")?;
                simple.facet(name, value)?;
            }
            schema.simples.push(simple);
        }
        "T" => schema.complexes.push(complex(fields)?),
        "E" => {
            let name = fields.next()?.into();
            schema.elements.push((name, fields.type_()?));
        }
        _ => return Err("an unknown record"),
    }
    Ok(())
}

fn complex(fields: &mut Fields<'_>) -> Answer<Complex> {
    let mut complex = Complex {
        mixed: fields.next()? == "m",
        ..Complex::default()
    };
    while let Some(token) = fields.rest.next() {
        match token.as_str() {
            "=" => {
                let name = fields.next()?;
                complex.text = Some(fields.simple(name)?);
            }
            "@" => {
                let (ns, name) = name(fields.next()?, "");
                let required = fields.next()? == "r";
                let type_ = fields.next()?;
                complex.attributes.push(Attribute {
                    name: name.into(),
                    ns: ns.into(),
                    required,
                    simple: fields.simple(type_)?,
                    fixed: fields.next()?.strip_prefix('=').map(Into::into),
                });
            }
            "@*" => complex.any_attribute = Some(fields.namespaces()?),
            token => complex.particle = Some(particle(token, fields, 0)?),
        }
    }
    Ok(complex)
}

/// How deep a content model nests at most.
const DEPTH: usize = 128;

fn particle(token: &str, fields: &mut Fields<'_>, depth: usize) -> Answer<Particle> {
    let (min, max) = fields
        .next()?
        .split_once(' ')
        .ok_or("bounds are `min max`")?;
    let min = min.parse().map_err(|_| "a bound is a number")?;
    let max = match max {
        "-" => None,
        max => Some(max.parse().map_err(|_| "a bound is a number")?),
    };
    let term = match token {
        "e" | "r" => {
            let target = fields.namespace.clone();
            let (ns, name) = name(fields.next()?, &target);
            let (ns, name) = (ns.into(), name.into());
            let type_ = match token {
                "e" => Some(fields.type_()?),
                _ => None,
            };
            Term::Element { name, ns, type_ }
        }
        "*" => Term::Any(fields.namespaces()?),
        "(," | "(|" | "(&" => {
            if depth > DEPTH {
                return Err("a content model that nests too deeply");
            }
            let mut inner = Vec::new();
            loop {
                match fields.next()? {
                    ")" => break,
                    token => inner.push(particle(token, fields, depth + 1)?),
                }
            }
            match token {
                "(," => Term::Sequence(inner),
                "(|" => Term::Choice(inner),
                _ => Term::All(inner),
            }
        }
        _ => return Err("an unknown particle"),
    };
    Ok(Particle { min, max, term })
}

/// `{namespace}name` taken apart.
fn name<'a>(written: &'a str, otherwise: &'a str) -> (&'a str, &'a str) {
    written
        .strip_prefix('{')
        .and_then(|rest| rest.rsplit_once('}'))
        .unwrap_or((otherwise, written))
}

struct Fields<'a> {
    rest: std::slice::Iter<'a, String>,
    namespace: Box<str>,
    simples: usize,
    complexes: usize,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Answer<&'a str> {
        self.rest
            .next()
            .map(String::as_str)
            .ok_or("a field is missing")
    }

    fn simple(&self, written: &str) -> Answer<usize> {
        let number = written
            .strip_prefix('#')
            .and_then(|n| n.parse::<usize>().ok());
        number
            .map(|n| n + self.simples)
            .ok_or("a simple type is `#N`")
    }

    fn type_(&mut self) -> Answer<TypeRef> {
        let written = self.next()?;
        if written == "*" {
            return Ok(TypeRef::Anything);
        }
        match written
            .strip_prefix('$')
            .and_then(|n| n.parse::<usize>().ok())
        {
            Some(number) => Ok(TypeRef::Complex(number + self.complexes)),
            None => self.simple(written).map(TypeRef::Simple),
        }
    }

    fn namespaces(&mut self) -> Answer<Namespaces> {
        let target = self.namespace.clone();
        Ok(match self.next()? {
            "any" => Namespaces::Any,
            "other" => Namespaces::Other(target),
            list => {
                let list = list.strip_prefix('=').ok_or("unknown namespaces")?;
                let of = list.split_whitespace().map(|one| match one {
                    "##local" => "".into(),
                    "##targetNamespace" => target.clone(),
                    one => one.into(),
                });
                Namespaces::Of(of.collect())
            }
        })
    }
}

fn unescape(field: &str) -> String {
    let mut plain = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}
