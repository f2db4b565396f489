//! The DOAP file, as XEP-0453 has it.

use std::fmt::Write as _;

use super::{Project, address, supported, xml};
use crate::model::Model;

/// `doap.xml`.
///
/// `xmpp:status` is left out: how much of a specification works is what its tests say, and nothing here
/// counts that.
pub(super) fn render(model: &Model, project: &Project) -> String {
    let mut out = String::from(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <!-- Generated from specs/ by sestina-codegen docs. Do not edit. -->\n\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'\n         \
         xmlns='http://usefulinc.com/ns/doap#'\n         \
         xmlns:xmpp='https://linkmauve.fr/ns/xmpp-doap#'>\n  <Project>\n",
    );
    let _ = writeln!(out, "    <name>{}</name>", xml(&project.name));
    let _ = writeln!(
        out,
        "    <shortdesc xml:lang='en'>{}</shortdesc>",
        xml(&project.summary)
    );
    let resource =
        |name: &str, address: &str| format!("    <{name} rdf:resource=\"{}\"/>\n", xml(address));
    out += &resource("homepage", &project.homepage);
    out += &resource("license", &project.licence);
    let _ = writeln!(
        out,
        "    <programming-language>{}</programming-language>",
        xml(&project.language)
    );
    for profile in &model.profiles {
        let _ = writeln!(
            out,
            "    <category rdf:resource=\"https://linkmauve.fr/ns/xmpp-doap#category-{}\"/>",
            profile.role.name()
        );
    }
    for (spec, _) in supported(model) {
        let Some(address) = address(spec) else {
            continue;
        };
        if spec.id.starts_with("xep-") {
            let _ = write!(
                out,
                "    <implements>\n      <xmpp:SupportedXep>\n        \
                 <xmpp:xep rdf:resource=\"{address}\"/>\n        \
                 <xmpp:version>{}</xmpp:version>\n      \
                 </xmpp:SupportedXep>\n    </implements>\n",
                xml(&spec.version)
            );
        } else {
            out += &resource("implements", &address);
        }
    }
    out.push_str("  </Project>\n</rdf:RDF>\n");
    out
}
