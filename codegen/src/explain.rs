//! What a specification becomes, in words.

use std::fmt::Write as _;

use crate::model::{
    Answer, DataForm, ElementName, ElementUse, Field, FieldKind, FieldType, Handler, IqType,
    Multiplicity, Scope, Sender, Shape, Spec, Table, Traveller, Type, TypeRef, ValueType, Where,
};
use crate::render::docs::settings;

/// Explains one specification.
#[must_use]
pub fn explain(spec: &Spec) -> String {
    let mut out = format!("{}: {}", spec.number, spec.title);
    if !spec.version.is_empty() {
        let _ = write!(out, " (version {}", spec.version);
        if !spec.status.is_empty() {
            let _ = write!(out, ", {}", spec.status);
        }
        out.push(')');
    }
    out.push('\n');
    if !spec.summary.is_empty() {
        let _ = writeln!(out, "{}", spec.summary);
    }
    if !spec.depends.is_empty() {
        let depends: Vec<&str> = spec.depends.iter().map(|one| one.id.as_str()).collect();
        let _ = writeln!(out, "\nneeds {}", depends.join(", "));
    }
    for schema in &spec.schemas {
        let module = schema
            .module
            .as_ref()
            .map(|module| format!("::{module}"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "\nmodule {}{module}, namespace {}{}",
            spec.module,
            schema.namespace,
            schema
                .older
                .iter()
                .map(|older| format!(", also {older}"))
                .collect::<String>()
        );
        for type_ in &schema.types {
            explain_type(&mut out, type_);
        }
    }
    let mut section = Section {
        out: &mut out,
        title: "",
    };
    for iq in &spec.iqs {
        let kind = if iq.type_ == IqType::Get {
            "get"
        } else {
            "set"
        };
        let answer = match &iq.answer {
            Answer::Empty => "nothing".to_owned(),
            Answer::Element(element) if iq.answer_optional => {
                format!("{} or nothing", path(&element.type_))
            }
            Answer::Element(element) => path(&element.type_),
        };
        section.line(
            "requests",
            &format!(
                "{kind} {} -> {answer}{}",
                path(&iq.request.type_),
                senders(&iq.from)
            ),
        );
        section.handlers(&iq.handlers);
    }
    for (title, travellers) in [
        ("in messages", &spec.messages),
        ("in presences", &spec.presences),
    ] {
        for Traveller {
            payload,
            from,
            strip,
            handlers,
            ..
        } in travellers
        {
            let strip = if *strip {
                ", removed from what clients send"
            } else {
                ""
            };
            section.line(
                title,
                &format!("{}{}{strip}", path(&payload.type_), senders(from)),
            );
            section.handlers(handlers);
        }
    }
    for nonza in &spec.nonzas {
        section.line("beside stanzas", &path(&nonza.element.type_));
        section.handlers(&nonza.handlers);
    }
    for child in &spec.children {
        let inside: Vec<String> = child.inside.iter().map(foreign).collect();
        let inside = if inside.is_empty() {
            String::new()
        } else {
            format!(", extends {}", inside.join(", "))
        };
        section.line(
            "inside others",
            &format!("{}{inside}", path(&child.element.type_)),
        );
    }
    for item in &spec.items {
        let path = path(&item.payload.type_);
        section.line(
            "items of nodes",
            &format!("{path} at {}{}", item.node, senders(&item.from)),
        );
        for (name, value) in &item.options {
            section.more(&format!("the node has {name} = {value}"));
        }
        section.handlers(&item.handlers);
    }
    for form in &spec.forms {
        explain_form(&mut section, form);
    }
    for row in &spec.negotiations {
        let names = |states: &[crate::model::State]| {
            states
                .iter()
                .map(|state| state.name())
                .collect::<Vec<_>>()
                .join(", ")
        };
        section.line(
            "negotiation",
            &format!(
                "{:>3} {}: requires [{}], prohibits [{}], sets [{}]{}",
                row.order,
                row.name,
                names(&row.requires),
                names(&row.prohibits),
                names(&row.sets),
                match (&row.within, row.restart, row.refresh) {
                    (Some(_), _, _) => ", inside another feature",
                    (None, true, _) => ", restarts the stream",
                    (None, false, true) => ", features follow",
                    (None, false, false) => "",
                }
            ),
        );
        if let Some(exchange) = &row.exchange {
            let (request, answer) = (path(&exchange.request.type_), path(&exchange.answer.type_));
            section.more(&format!("{request} -> {answer}"));
            section.handlers(&exchange.handlers);
        }
    }
    for stage in &spec.stages {
        let mut place = format!("{:?}", stage.at);
        if !stage.kinds.is_empty() {
            let kinds: Vec<String> = stage.kinds.iter().map(|kind| format!("{kind:?}")).collect();
            let _ = write!(place, " of {}", kinds.join(", "));
        }
        for (word, others) in [("after", &stage.after), ("before", &stage.before)] {
            let others: Vec<&str> = others.iter().map(|one| one.id.as_str()).collect();
            if !others.is_empty() {
                let _ = write!(place, ", {word} {}", others.join(", "));
            }
        }
        section.line("stages", &format!("{place}: fn {}", stage.name));
    }
    for feature in &spec.features {
        section.line(
            "service discovery",
            &format!("feature {} on {}", feature.var, places(&feature.on)),
        );
    }
    for identity in &spec.identities {
        section.line(
            "service discovery",
            &format!(
                "identity {}/{} on {}",
                identity.category,
                identity.type_,
                places(&identity.on)
            ),
        );
    }
    for table in &spec.tables {
        explain_table(&mut section, table);
    }
    section.line("configuration", &format!("[plugins.\"{}\"]", spec.id));
    section.more("enabled: boolean, as the profile says");
    for config in &spec.config {
        section.more(&format!(
            "{}: {}, default {}",
            config.key,
            settings::type_(config),
            settings::default(config)
        ));
        section.more(&format!("    {}", config.doc.trim()));
    }
    for test in &spec.tests {
        section.line("shown by", &format!("{} in {}", test.name, test.file));
    }
    out
}

fn explain_table(section: &mut Section<'_>, table: &Table) {
    section.line(
        "tables",
        &format!(
            "{} -> {}Row, storage.{}(), key ({})",
            table.name,
            table.rust,
            table.accessor,
            table.key.join(", ")
        ),
    );
    if let Some(holds) = &table.holds {
        section.more(&format!("a row keeps a {}", path(&holds.type_)));
    }
    for column in &table.columns {
        let optional = if column.optional {
            ", may be empty"
        } else {
            ""
        };
        let secret = if column.secret { ", secret" } else { "" };
        let owner = if table
            .personal
            .iter()
            .flatten()
            .any(|name| *name == column.name)
        {
            ", the owner"
        } else {
            ""
        };
        section.more(&format!(
            "{}: {:?}{optional}{secret}{owner}",
            column.name, column.type_
        ));
    }
    for index in &table.indexes {
        section.more(&format!("index ({})", index.columns.join(", ")));
    }
    for query in &table.queries {
        let mut asked: Vec<String> = Vec::new();
        if !query.equals.is_empty() {
            asked.push(format!("with this {}", query.equals.join(", ")));
        }
        asked.extend(
            query
                .range
                .iter()
                .map(|column| format!("a range of {column}")),
        );
        asked.extend(query.order.iter().map(|column| {
            let end = if query.descending { ", last first" } else { "" };
            format!("by {column}{end}")
        }));
        asked.extend(
            query
                .search
                .iter()
                .map(|column| format!("search in {column}")),
        );
        asked.push(format!("at most {}", query.limit));
        section.more(&format!("query {}: {}", query.name, asked.join("; ")));
    }
    if let Some(retention) = &table.retention {
        let after = match (&retention.config, retention.after) {
            (Some(key), _) => format!(" + {key}"),
            (None, Some(millis)) => format!(" + {} s", millis / 1000),
            (None, None) => String::new(),
        };
        section.more(&format!("kept until {}{after}", retention.column));
    }
}

fn explain_form(section: &mut Section<'_>, form: &DataForm) {
    let extends = if form.extends {
        ", extends another's"
    } else {
        ""
    };
    section.line(
        "data forms",
        &format!("forms::{} of type {}{extends}", form.rust, form.form_type),
    );
    for field in &form.fields {
        let mut type_ = match &field.choice {
            Some(choice) => choice.clone(),
            None => format!("{:?}", field.value),
        };
        if field.type_.is_multi() {
            type_ = format!("Vec<{type_}>");
        }
        let required = if field.required { ", required" } else { "" };
        section.more(&format!(
            "{}: {type_}  {} ({}){required}",
            field.rust,
            field.var,
            field.type_.name()
        ));
    }
}

/// An element with the spec that declares it.
fn foreign(element: &ElementUse) -> String {
    format!("{} of {}", path(&element.type_), element.type_.spec)
}

struct Section<'a> {
    out: &'a mut String,
    title: &'static str,
}

impl Section<'_> {
    fn line(&mut self, title: &'static str, line: &str) {
        if self.title != title {
            let _ = writeln!(self.out, "\n{title}");
            self.title = title;
        }
        let _ = writeln!(self.out, "  {line}");
    }

    fn more(&mut self, line: &str) {
        let _ = writeln!(self.out, "      {line}");
    }

    fn handlers(&mut self, handlers: &[Handler]) {
        for handler in handlers {
            let scopes: Vec<String> = handler.scopes.iter().map(scope).collect();
            let mut answers = String::new();
            if !scopes.is_empty() {
                let _ = write!(answers, " answers for {}", scopes.join(", "));
            }
            if let Some(node) = &handler.node {
                let _ = write!(answers, " at the node {node}");
            }
            if let Some(form) = &handler.form {
                let _ = write!(answers, " with a form of type {form}");
            }
            self.more(&format!(
                "{}{answers}: fn {}",
                handler.role.name(),
                handler.name
            ));
        }
    }
}

/// Who may send it, where not everybody may.
fn senders(from: &[Sender]) -> String {
    if from.is_empty() || from.contains(&Sender::Anyone) {
        return String::new();
    }
    let from: Vec<&str> = from
        .iter()
        .map(|sender| match sender {
            Sender::Anyone => "anyone",
            Sender::OwnAccount => "the own account",
            Sender::Server => "the server",
            Sender::Contact => "contacts",
            Sender::Room => "a room",
            Sender::NodeOwner => "the owner of the node",
        })
        .collect();
    format!(", only from {}", from.join(" or "))
}

fn places(on: &[Where]) -> String {
    let on: Vec<String> = on
        .iter()
        .map(|place| match place {
            Where::Host => "the host".to_owned(),
            Where::Account => "accounts".to_owned(),
            Where::Client => "clients".to_owned(),
            Where::Service(name) => service(name),
        })
        .collect();
    on.join(", ")
}

fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Host => "the host".to_owned(),
        Scope::OwnAccount => "the own account".to_owned(),
        Scope::OtherAccount => "other accounts".to_owned(),
        Scope::Service(name) => service(name),
        Scope::Client => "itself".to_owned(),
    }
}

fn service(name: &str) -> String {
    match name {
        "*" => "every service".to_owned(),
        name => format!("the service {name}"),
    }
}

fn explain_type(out: &mut String, type_: &Type) {
    let element = type_
        .element
        .as_ref()
        .map(|element| format!(" = <{}/>", element.name))
        .unwrap_or_default();
    match &type_.shape {
        Shape::Struct(fields) => {
            let _ = writeln!(out, "  struct {}{element}", type_.name);
            for field in fields.iter().filter(|field| field.kind != FieldKind::Extra) {
                let _ = writeln!(
                    out,
                    "    {}: {}  {}",
                    field.name,
                    rust_type(field),
                    where_(field)
                );
            }
        }
        Shape::Choice(variants) => {
            let _ = writeln!(out, "  enum {}", type_.name);
            for variant in variants {
                let inner = variant
                    .type_
                    .as_ref()
                    .map(|inner| format!("({})", path(inner)))
                    .unwrap_or_default();
                let _ = writeln!(
                    out,
                    "    {}{inner}  <{}/>",
                    variant.name, variant.element.name
                );
            }
        }
        Shape::Values { values, open } => {
            let _ = writeln!(
                out,
                "  enum {}{}",
                type_.name,
                if *open { " (open)" } else { "" }
            );
            for value in values {
                let _ = writeln!(out, "    {}  \"{}\"", value.name, value.value);
            }
        }
    }
}

fn rust_type(field: &Field) -> String {
    let inner = match &field.type_ {
        FieldType::Value(ValueType::Enum(inner)) | FieldType::Type(inner) => path(inner),
        FieldType::Value(value) => format!("{value:?}"),
        FieldType::Flag => "bool".to_owned(),
        FieldType::Version(inner) => path(inner),
        FieldType::Any => "AnyElement".to_owned(),
        FieldType::Extra => "Extra".to_owned(),
    };
    let inner = if field.boxed {
        format!("Box<{inner}>")
    } else {
        inner
    };
    let inner = match field.kind {
        FieldKind::Wrapped { many: true, .. } => format!("Vec<{inner}>"),
        _ => inner,
    };
    match field.multiplicity {
        Multiplicity::Required => inner,
        Multiplicity::Optional => format!("Option<{inner}>"),
        Multiplicity::Many => format!("Vec<{inner}>"),
    }
}

fn where_(field: &Field) -> String {
    let child = |element: &ElementName| format!("<{}/>", element.name);
    match &field.kind {
        FieldKind::Attribute { name, .. } => format!("@{name}"),
        FieldKind::Text => "its text".to_owned(),
        FieldKind::Child(element) | FieldKind::Flag(element) => child(element),
        FieldKind::ChildText(element) => format!("text of {}", child(element)),
        FieldKind::Wrapped {
            wrapper, element, ..
        } => format!("text of {} in {}", child(element), child(wrapper)),
        FieldKind::Choice => "one of several elements".to_owned(),
        FieldKind::Version => "its namespace".to_owned(),
        FieldKind::Any => "anything else".to_owned(),
        FieldKind::Extra => String::new(),
    }
}

fn path(type_: &TypeRef) -> String {
    let module = type_
        .module
        .as_ref()
        .map(|module| format!("{module}::"))
        .unwrap_or_default();
    format!("{module}{}", type_.name)
}
