#!/usr/bin/env python3
"""Says of each payload of a corpus whether the schema of its specification accepts it.

    corpus-validity.py CORPUS LINES

CORPUS is a folder that `sestina-codegen extract` wrote, LINES what `sestina-codegen conform --json CORPUS/*`
printed. Needs lxml. It is a measuring device only: nothing in the project depends on it.
"""
import json
import pathlib
import sys
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
STANZAS = {"message", "presence", "iq"}


def schemas(folder):
    """The schemas of a folder, elements qualified and wildcards lax, by target namespace."""
    found = {}
    for path in sorted(folder.glob("*.xsd")):
        try:
            root = etree.parse(str(path)).getroot()
            root.set("elementFormDefault", "qualified")
            for wildcard in root.iter(XS + "any", XS + "anyAttribute"):
                wildcard.set("processContents", "lax")
            found[root.get("targetNamespace")] = etree.XMLSchema(root)
        except (etree.XMLSyntaxError, etree.XMLSchemaParseError):
            continue
    return found


def payloads(path):
    text = path.read_bytes()
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True, remove_pis=True))
    name = etree.QName(root)
    if name.localname in STANZAS and name.namespace in (None, "jabber:client", "jabber:server"):
        return [child for child in root if isinstance(child.tag, str)]
    return [root]


def canonical(element):
    attributes = sorted(element.attrib.items())
    parts = [element.text or ""]
    for child in element:
        parts += [canonical(child), child.tail or ""]
    if len(parts) > 1:
        parts = [part for part in parts if not isinstance(part, str) or part.strip()]
    return (element.tag, attributes, parts)


def main():
    corpus, lines = pathlib.Path(sys.argv[1]), sys.argv[2]
    known, counts = {}, {}
    outcomes = dict.fromkeys(["exact", "differs", "refused", "untyped"], 0)
    declared = {"its own document": 0, "another document": 0, "RFC 6120 or 6121": 0}
    valid = typed = 0
    for line in open(lines, encoding="utf8"):
        line = json.loads(line)
        outcomes[line["outcome"]] += 1
        if line["outcome"] == "untyped" or not line["type"]:
            continue
        spec, home = pathlib.Path(line["file"]).parts[-3], line["type"].split("::")[0]
        if home.startswith("rfc-"):
            declared["RFC 6120 or 6121"] += 1
            continue
        declared["its own document" if home == spec else "another document"] += 1
        if home not in known:
            known[home] = schemas(corpus / home)
        element = payloads(corpus / spec / "examples" / pathlib.Path(line["file"]).name)[line["index"]]
        schema = known[home].get(etree.QName(element).namespace)
        if schema is None:
            continue
        single = etree.fromstring(etree.tostring(element, with_tail=False))
        if not schema.validate(single):
            continue
        valid += 1
        same = line["xml_typed"] and canonical(etree.fromstring(line["xml_typed"])) == canonical(single)
        typed += bool(same)
        if not same:
            counts.setdefault(home, []).append(line["file"])
    print("all payloads:", outcomes)
    print("declared by:", declared)
    whole = sum(outcomes[key] for key in ("exact", "differs", "refused"))
    print(f"exact of those whose root is declared: {outcomes['exact']} of {whole}")
    print(f"valid by the XEP schema that declares them: {valid}; exact from typed fields alone: {typed}")
    for spec, files in sorted(counts.items(), key=lambda item: -len(item[1])):
        print(f"  {spec}: {len(files)}: {files[0]}", file=sys.stderr)


main()
