"""Plays one of Prosody's protocol scripts (`spec/scansion/*.scs` of its source) against a server.

A script says which clients there are and, one after the other, what each sends and receives. An element that is expected says what has to be
there: without a namespace of its own what is written, in any surroundings; with one (or with `scansion:strict`) nothing else. `{scansion:any}`
and captures stand for any value.

What no specification promises is not asked for, everything else is:

- the order of an element's children, `true` or `1`, and of stanzas that do not answer each other; only an error has to be expected;
- that nothing of another namespace extends an element (RFC 6120 §8.4);
- `<text/>` in an error, and the words of roster versions (RFC 6121 §2.1.1);
- questions after a client's capabilities: whoever asks may remember the answer or ask again (XEP-0115 §5). They are answered as the script has it
  whenever they come, and the steps that expect them are left out. So are ids of requests that the server makes.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import quoteattr

import raw
from raw import Closed
from steps import arguments

CLIENT = "jabber:client"
SCANSION = "urn:scansion"
TEXT = "{urn:ietf:params:xml:ns:xmpp-stanzas}text"
INFO = "{http://jabber.org/protocol/disco#info}query"
STRICT = f"{{{SCANSION}}}strict"
ANY = re.compile(r"\{scansion:(any|capture:\w+)\}")


class Step:
    """`NAME VERB`, with an element below it or not."""

    def __init__(self, line, who, verb):
        self.line, self.who, self.verb, self.text = line, who, verb, ""


def read(path):
    """The clients, as (name, settings), and the steps."""
    clients, steps, block = {}, [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        bare = line.strip()
        if not bare or line.startswith(("#", "//", "--")):
            continue
        if line[0].isspace():
            # `name: value` below a client; an element, or more of it, below a step.
            if isinstance(block, dict):
                key, _, value = bare.partition(":")
                block[key] = value.strip()
            elif block:
                block.text += line + "\n"
        elif found := re.fullmatch(r"\[Client\] (.+)", bare):
            block = clients.setdefault(found[1], {})
        elif found := re.fullmatch(r"(.+) (connects|disconnects|sends|receives):?", bare):
            block = Step(number, found[1], found[2])
            steps.append(block)
        else:
            raise ValueError(f"line {number}: {bare}")
    return clients, steps


def element(text):
    """The first element of a text of the script."""
    return ET.fromstring(f'<script xmlns="{CLIENT}" xmlns:scansion="{SCANSION}">{text}</script>')[0]


def shown(node, around=CLIENT):
    """An element as a person would write it."""
    space, name = node.tag[1:].split("}")
    parts = [name] + ([f"xmlns={space!r}"] if space != around else []) + [f"{key.split('}')[-1]}={value!r}" for key, value in node.items()]
    inner = words(node) + "".join(shown(child, space) for child in node)
    return f"<{' '.join(parts)}>{inner}</{name}>" if inner else f"<{' '.join(parts)}/>"


def words(node):
    return (node.text or "").strip()


def plain(value):
    """A boolean in one of its two forms (XML Schema, part 2, §3.2.2)."""
    return {"true": "1", "false": "0"}.get(value, value)


def differs(wanted, found, strict=False):
    """Why an element is not what is wanted, or None."""
    if wanted.tag != found.tag:
        return "something else"
    name = wanted.tag.split("}")[-1]
    strict = {"true": True, "false": False}.get(wanted.get(STRICT), strict or not wanted.tag.startswith(f"{{{CLIENT}}}"))
    request = wanted.tag == f"{{{CLIENT}}}iq" and wanted.get("type") in ("get", "set")
    for key, value in wanted.attrib.items():
        have = found.get(key)
        if key == STRICT or (request and key == "id"):
            continue
        if have is None or (plain(have) != plain(value) and not ANY.fullmatch(value) and (wanted.tag, key) != ("{jabber:iq:roster}query", "ver")):
            return f"{key} of {name} is {have!r} instead of {value!r}"
    if strict and (more := set(found.keys()) - set(wanted.keys())):
        return f"{name} has {sorted(more)} as well"
    if words(wanted) and plain(words(wanted)) != plain(words(found)):
        return f"{name} says {words(found)!r} instead of {words(wanted)!r}"
    left = list(found)
    for child in wanted:
        if child.tag == TEXT:
            continue
        reasons = [(other, differs(child, other, strict and wanted.get(STRICT) is None)) for other in left]
        match = next((other for other, reason in reasons if reason is None), None)
        if match is None:
            alike = [reason for other, reason in reasons if other.tag == child.tag]
            return alike[0] if alike else f"{name} has no {shown(child, None)}"
        left.remove(match)
    # Nobody has to give an error words, and anybody may; and anybody may extend an element by others of another namespace.
    space = wanted.tag.split("}")[0]
    left = [other for other in left if other.tag != TEXT and other.tag.startswith(space)]
    return f"{name} has {shown(left[0], None)} as well" if strict and left else None


class Stream(raw.Stream):
    """A stream that says of its language what these scripts expect to be passed on (RFC 6120 §4.7.4)."""

    def header(self, *arguments, **options):
        return super().header(*arguments, **options).replace(" xmlns=", " xml:lang='en' xmlns=", 1)


class Client:
    """One connection of a script."""

    def __init__(self, options, settings, answers):
        jid, _, resource = settings["jid"].partition("/")
        self.stream = Stream(options)
        self.full = self.stream.login((jid.split("@")[0], settings["password"]), resource or settings.get("resource"))
        self.bare, self.answers, self.seen, self.asked, self.closed = jid.lower(), answers, [], 0, False

    def next(self):
        """Reads one stanza; questions after capabilities are answered on the way."""
        while True:
            stanza = self.stream.receive()
            query = stanza.find(INFO)
            asked = query.get("node", "") if stanza.get("type") == "get" and query is not None else ""
            payload = self.answers.get(asked)
            if payload is None and asked.startswith("urn:xmpp:caps#") and len(self.answers) == 1:
                # Asked by the digest of the second generation (XEP-0390), a script answers by that of the first.
                ((node, payload),) = self.answers.items()
                payload = payload.replace(node, asked)
            if payload is None:
                return stanza
            self.asked += 1
            address = quoteattr(stanza.get("from", self.bare))
            self.stream.send(f"<iq type='result' id={quoteattr(stanza.get('id'))} to={address}>{payload}</iq>")

    def sends(self, text):
        """Sends, and waits until the server has taken it: the next step comes after this one."""
        if self.closed:
            return
        self.stream.send(f'{text}<iq type="get" id="settled"><ping xmlns="urn:xmpp:ping"/></iq>')
        self.stream.socket.settimeout(self.stream.options.patience)
        try:
            while (stanza := self.next()).get("id") != "settled":
                self.seen.append(stanza)
        except Closed:
            # What was sent ends the stream: with an account, for one.
            self.closed = True

    def is_asked(self):
        """Waits a little for a question after capabilities, unless one has come for which nobody has waited."""
        self.stream.socket.settimeout(0.3)
        try:
            while not self.asked:
                self.seen.append(self.next())
            self.asked -= 1
        except TimeoutError:
            pass

    def disconnects(self):
        if not self.closed:
            self.closed = True
            self.stream.send("</stream:stream>")

    def receives(self, wanted, patience):
        """The first stanza nobody has expected yet that is what is wanted; those before it wait for their step."""
        self.stream.socket.settimeout(patience)
        for stanza in self.seen:
            if differs(wanted, stanza) is None:
                self.seen.remove(stanza)
                return
        try:
            while True:
                stanza = self.next()
                if differs(wanted, stanza) is None:
                    return
                self.seen.append(stanza)
        except (Closed, TimeoutError, ConnectionError) as end:
            said = "".join(f"\n    {differs(wanted, other)}: {shown(other)}" for other in self.seen)
            # What came in its place, so that nobody is asked for it later.
            same = [other for other in self.seen if other.tag == wanted.tag]
            alike = [other for other in same if other.get("from") == wanted.get("from", other.get("from"))]
            alike = alike or [other for other in same if other.get("type") == wanted.get("type")]
            self.seen = [other for other in self.seen if other is not (alike or [None])[0]]
            raise AssertionError(f"{end if isinstance(end, Closed) else 'no'} {shown(wanted)}{said}") from None


def capabilities(steps):
    """What a script answers about capabilities: for each client the payload of each node; and the steps without that."""
    answers, left = {}, []
    for step in steps:
        # What variables stand for does not matter here.
        stanza = element(re.sub(r"\$\{[^}]*\}", "somebody", step.text)) if step.text else None
        query = stanza.find(INFO) if stanza is not None else None
        node = query.get("node", "") if query is not None else ""
        if "#" not in node:
            left.append(step)
        elif step.verb == "receives":
            step.verb = "is asked"
            left.append(step)
        else:
            answers.setdefault(step.who, {})[node] = step.text[step.text.index("<query"):step.text.index("</iq>")]
    return answers, left


def play(options, path):
    """Plays the script; yields (line, what is wrong) of the steps that do not hold. After one that may not hold it goes on."""
    clients, steps = read(path)
    answers, steps = capabilities(steps)
    here = {}

    def filled(text):
        def value(found):
            who, full = re.fullmatch(r"(.+)'s (full )?JID", found[1]).groups()
            return here[who].full if full else clients[who]["jid"].split("/")[0]
        return re.sub(r"\$\{([^}]*)\}", value, text)

    for step in steps:
        known = step.line in options.known or options.survey
        try:
            if step.verb == "connects":
                here[step.who] = Client(options, clients[step.who], answers.get(step.who, {}))
            elif step.verb == "disconnects":
                here[step.who].disconnects()
            elif step.verb == "is asked":
                here[step.who].is_asked()
            elif step.verb == "sends":
                here[step.who].sends(filled(step.text).strip())
            else:
                here[step.who].receives(element(filled(step.text)), 1 if known else options.patience)
        except (AssertionError, OSError) as error:
            yield step.line, f"{step.who} {step.verb}: {error or 'the connection is gone'}"
            if not known:
                return
    for who, client in here.items():
        for stanza in client.seen:
            if stanza.get("type") != "error":
                continue
            yield steps[-1].line, f"{who} was never to receive {shown(stanza)}"


def main():
    def more(parser):
        parser.add_argument("--script", type=Path, required=True)
        parser.add_argument("--known", type=int, action="append", default=[], metavar="LINE", help="a step that does not hold")
        parser.add_argument("--survey", action="store_true", help="go on after every step that does not hold")
    options = arguments(__doc__, accounts=0, more=more)
    # One line a step that does not hold, then more about it: whoever reads this knows which may be there.
    for line, wrong in play(options, options.script):
        print(f"step {line}: {wrong}")
    print("passed")


main()
