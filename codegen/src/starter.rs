//! The folder of a new specification, to start from.

use crate::output::Output;

/// What a new folder is filled with.
#[derive(Debug, Clone)]
pub struct Starter {
    /// The id, which names the folder: `xep-0490`.
    pub id: String,
    /// The title; the id where none is known yet.
    pub title: Option<String>,
    /// The namespace of what travels; one to be replaced where none is known yet.
    pub namespace: Option<String>,
    /// Specifications that it needs.
    pub depends: Vec<String>,
}

impl Starter {
    /// A folder for this specification.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: None,
            namespace: None,
            depends: Vec::new(),
        }
    }

    /// Why there can be no folder of that id, in words that help.
    ///
    /// # Errors
    /// When it is not lower case letters, digits and hyphens, beginning with a letter.
    pub fn check(&self) -> Result<(), String> {
        let plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if self
            .id
            .starts_with(|first: char| first.is_ascii_lowercase())
            && self.id.chars().all(plain)
        {
            return Ok(());
        }
        Err(format!(
            "error: `{}` cannot be the id of a specification\n  help: write it like `xep-0490` or `my-protocol`: \
             lower case letters, digits and hyphens\n",
            self.id
        ))
    }

    /// The files, below the folder that holds all specifications. They are correct as they stand, so that
    /// `check` finds nothing, and each later change has its own messages.
    #[must_use]
    pub fn files(&self) -> Vec<Output> {
        let namespace = match &self.namespace {
            Some(namespace) => namespace.clone(),
            None => format!("urn:example:{}:0", self.id),
        };
        let path = |name: &str| format!("{}/{name}", self.id);
        vec![
            Output::new(path("spec.toml"), self.spec(&namespace)),
            Output::new(path("protocol.xsd"), self.schema(&namespace)),
            Output::new(
                path("examples/query.xml"),
                example(&namespace, "<query xmlns='NS'/>"),
            ),
            Output::new(
                path("examples/answer.xml"),
                example(
                    &namespace,
                    "<query xmlns='NS'><item jid='juliet@example.org'>Thus much.</item></query>",
                ),
            ),
        ]
    }

    fn number(&self) -> String {
        match self.id.strip_prefix("rfc-") {
            Some(number) => format!("RFC {number}"),
            None => self.id.to_uppercase(),
        }
    }

    fn spec(&self, namespace: &str) -> String {
        let title = toml(self.title.as_deref().unwrap_or(&self.id));
        let depends: Vec<String> = self.depends.iter().map(|id| toml(id)).collect();
        SPEC.replace("ID", &toml(&self.id))
            .replace("NUMBER", &toml(&self.number()))
            .replace("TITLE", &title)
            .replace("DEPENDS", &depends.join(", "))
            .replace("NAMESPACE", &toml(namespace))
    }

    fn schema(&self, namespace: &str) -> String {
        SCHEMA.replace("NAMESPACE", &xml(namespace))
    }
}

fn example(namespace: &str, element: &str) -> String {
    format!("{}\n", element.replace("NS", &xml(namespace)))
}

fn toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
        .replace('"', "&quot;")
}

const SPEC: &str = r##"# What no schema says. `sestina-codegen check` says what is wrong in here, `sestina-codegen explain`
# what becomes of it. Remove what the specification does not have.

[spec]
id = ID
number = NUMBER
title = TITLE
version = ""                    # of the text that was read
status = ""                     # Experimental, Stable, Final …
summary = ""                    # one or two sentences of your own
depends = [DEPENDS]
#tests = ["tests/it.rs::works"] # the tests that show it at work; without, it is in no list of what is supported

# The schema says that an attribute is text; this says what the text means. Types are: text jid bare-jid full-jid
# date-time date time base64 hex boolean u8 … i64 decimal language. `rust` gives another name.
[refine."query/item@jid"]
type = "bare-jid"
[refine."query/item"]
rust = "items"

# A request, its one answer ("empty", or an element), who may send it, and who answers it where. The handlers become
# methods that a plugin has to write: it does not compile without them.
[[iq]]
type = "get"                    # or "set"
request = "query"
answer = "query"
from = ["anyone"]               # anyone own-account server contact room node-owner
[[iq.handler]]
role = "server"                 # server client component
scope = ["host"]                # host own-account other-account client "service:NAME"
name = "query"

# What service discovery announces, and on what: host account client service:NAME.
[[disco.feature]]
var = NAMESPACE
on = ["host"]

# What travels in messages or presences. `strip` removes it from what clients send: only servers say it then.
#[[message]]
#payload = "item"
#from = ["server"]
#strip = true
#[[message.handler]]
#role = "client"
#scope = ["client"]
#name = "item"

# What is published: an item of a node, whose items are heeded, and a client that hears of them.
#[[pubsub-item]]
#node = NAMESPACE
#element = "item"
#from = ["own-account", "contact"]
#options = { access_model = "presence", max_items = "1" }
#[[pubsub-item.handler]]
#role = "client"
#name = "changed"

# A data form of a certain type; its specification depends on xep-0004.
#[[data-form]]
#form_type = NAMESPACE
#rust = "Options"
#[[data-form.field]]
#var = "owner"
#type = "jid-single"            # boolean hidden jid-multi jid-single list-multi list-single text-multi …
#required = true

# What travels inside elements of other specifications.
#[[child]]
#element = "item"
#inside = ["xep-0060:event:event"]

# A stream feature.
#[[negotiation]]
#name = "query"
#element = "query"
#streams = "c2s"                # c2s s2s both component
#requires = ["authenticated"]   # secure authenticated bound ready
#prohibits = ["bound"]
#sets = []
#mandatory = "never"            # always never policy
#order = 500                    # lower comes first; no two alike

# A function that meets every stanza of these kinds.
#[[stage]]
#at = "received"                # received before-routing account-delivery resource undeliverable before-write
#kinds = ["message"]            #   session-start session-end
#name = "look"
#after = []                     # other specifications, where the order matters
#before = []

# What is stored, on every backend; each query that is asked is declared.
#[[table]]
#name = "items"
#accessor = "items"
#holds = "item"                 # an element that a row keeps, where there is one
#personal = "owner"             # whose rows are these: a column, or several, or [] for nobody's
#key = ["owner", "name"]
#[[table.column]]
#name = "owner"
#type = "bare-jid"              # text bare-jid jid integer boolean bytes date-time
#[[table.column]]
#name = "name"
#type = "text"
#[[table.query]]
#name = "of_owner"
#equals = ["owner"]
#order = "name"
#limit = 100

# A setting; every specification has `enabled` besides.
#[[config]]
#key = "longest"
#type = "integer"               # integer boolean text duration size list
#default = 100
#min = 1
#doc = "How many items are kept."
"##;

const SCHEMA: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- What travels. An official schema can stand here as it is published; several files, one for each namespace,
     are fine. What is not declared is kept all the same when it is read and written. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns="NAMESPACE"
           targetNamespace="NAMESPACE"
           elementFormDefault="qualified">

  <xs:element name="query">
    <xs:annotation>
      <xs:documentation>Asks for the items; the answer holds them.</xs:documentation>
    </xs:annotation>
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="item" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>

  <xs:element name="item">
    <xs:annotation>
      <xs:documentation>One item.</xs:documentation>
    </xs:annotation>
    <xs:complexType>
      <xs:simpleContent>
        <xs:extension base="xs:string">
          <xs:attribute name="jid" type="xs:string" use="required"/>
        </xs:extension>
      </xs:simpleContent>
    </xs:complexType>
  </xs:element>

</xs:schema>
"#;
