//! Runs `xsd-parser` over one schema and those it refers to.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use xsd_parser::config::InterpreterConfig;
use xsd_parser::models::schema::{NamespaceId, SchemaId};
use xsd_parser::pipeline::parser::resolver::{ResolveRequest, ResolveResult, Resolver};
use xsd_parser::{MetaTypes, Parser, Schemas, exec_interpreter_with_ident_cache};

use super::normal::{XML_LOCATION, XML_SCHEMA, location};

/// What `xsd-parser` understood of a schema.
pub(crate) struct Interpreted {
    pub(crate) types: MetaTypes,
    /// The namespace behind each number.
    pub(crate) namespaces: BTreeMap<NamespaceId, String>,
    /// The schema itself among those of its run.
    pub(crate) schema: Option<SchemaId>,
}

/// Interprets the schema at this position among the texts.
///
/// A panic inside `xsd-parser` is an error like any other: one bad schema stops no other.
pub(crate) fn interpret(texts: &[String], at: usize) -> Result<Interpreted, String> {
    let work = AssertUnwindSafe(|| run(texts, at));
    match quietly(|| catch_unwind(work)) {
        Ok(result) => result,
        Err(panic) => {
            let said = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            Err(said.unwrap_or_else(|| "the schema reader gave up".to_owned()))
        }
    }
}

fn run(texts: &[String], at: usize) -> Result<Interpreted, String> {
    let url = location(at);
    let parser = Parser::new()
        .with_resolver(Texts(texts.to_vec()))
        .with_default_namespaces();
    let parsed = url.parse().map_err(|error| format!("{error}"))?;
    let schemas: Schemas = parser
        .add_schema_from_url(parsed)
        .map_err(|error| error.to_string())?
        .finish();
    let namespaces = schemas
        .namespaces()
        .map(|(id, info)| {
            (
                *id,
                info.namespace
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            )
        })
        .collect();
    let schema = schemas
        .schemas()
        .find(|(_, info)| {
            info.location
                .as_ref()
                .is_some_and(|location| location.as_str() == url)
        })
        .map(|(id, _)| *id);
    let config = InterpreterConfig::default();
    let (types, _) =
        exec_interpreter_with_ident_cache(config, &schemas).map_err(|error| error.to_string())?;
    Ok(Interpreted {
        types,
        namespaces,
        schema,
    })
}

/// Without the panic hook's output: the panic becomes a message of ours.
///
/// The hook belongs to the whole process, so one run waits for another.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = work();
    std::panic::set_hook(hook);
    result
}

/// The schemas of the run by location; nothing is ever fetched.
#[derive(Debug)]
struct Texts(Vec<String>);

impl Resolver for Texts {
    type Buffer = Cursor<Vec<u8>>;
    type Error = String;

    fn resolve(&mut self, request: &ResolveRequest) -> ResolveResult<Self> {
        let wanted = request.requested_location.as_str();
        let url = wanted
            .parse()
            .map_err(|error| format!("{wanted}: {error}"))?;
        let text = if wanted == XML_LOCATION {
            XML_SCHEMA
        } else {
            let number = wanted
                .strip_prefix("schema:/")
                .and_then(|number| number.parse::<usize>().ok());
            number
                .and_then(|number| self.0.get(number))
                .ok_or_else(|| format!("no schema at {wanted}"))?
        };
        Ok(Some((None, url, Cursor::new(text.as_bytes().to_vec()))))
    }
}
