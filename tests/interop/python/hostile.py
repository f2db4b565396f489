"""What broke others, against the running server: after each attack another session gets its pong within a second, and the
server's memory stays within its bound. With --table the results are printed as a table for the docs."""

import argparse
import os
import resource
import socket
import sys
import threading
import time
import traceback

import raw
from raw import SASL, STANZAS, Closed, Stream, condition
from steps import arguments, step

SM = "urn:xmpp:sm:3"
# Resident memory that the server may gain over the whole suite (MiB), and for each connection that is half open (KiB).
BOUND = 64
HALF_OPEN = 24


def jid(options, index):
    return f"{options.accounts[index][0]}@{options.domain}"


def logged_in(options, index=0, resource="hostile"):
    stream = Stream(options)
    stream.login(options.accounts[index], resource)
    return stream


def available(options, index, resource):
    """Somebody who hears what is said to the account."""
    stream = logged_in(options, index, resource)
    stream.send("<presence/>")
    stream.wait_for(lambda element: element.tag.endswith("}presence"))
    return stream


def heard(stream, name):
    """The message with this id."""
    return stream.wait_for(lambda element: element.tag.endswith("}message") and element.get("id") == name)


def ended_by(data, secure=True, login=True):
    """The stream error that this brings."""
    def case(options):
        stream = logged_in(options) if login else Stream(options, secure=secure)
        try:
            stream.send(data() if callable(data) else data)
        except OSError:
            pass  # the server hangs up while we are still sending
        return stream.ended_with()
    return case


# Who one is.

def spoofed(kind):
    def case(options):
        stream = logged_in(options)
        stream.send(f'<{kind} id="s" type="{"get" if kind == "iq" else "error"}" from="{jid(options, 1)}/witness" '
                    f'to="{jid(options, 1)}"><query xmlns="jabber:iq:version"/></{kind}>')
        return stream.ended_with()
    return case


def forged_answer(options):
    """An answer to a question that was asked of somebody else carries the name of who really sent it."""
    romeo, juliet = logged_in(options), available(options, 1, "forger")
    me = f"{jid(options, 0)}/hostile"
    romeo.send(f'<iq type="get" id="asked" to="{options.domain}"><ping xmlns="urn:xmpp:ping"/></iq>')
    juliet.send(f'<iq type="result" id="asked" to="{me}"/>')
    answers = {}
    while len(answers) < 2:
        answer = romeo.wait_for(lambda element: element.tag.endswith("}iq") and element.get("id") == "asked")
        answers[answer.get("from")] = answer
    romeo.close()
    juliet.close()
    expected = {options.domain, f"{jid(options, 1)}/forger"}
    return "stamped" if set(answers) == expected else f"from {sorted(map(str, answers))}"


def other_account(options):
    """PLAIN that asks for another's session (authzid)."""
    stream = Stream(options)
    name, password = options.accounts[0]
    answer = stream.auth("PLAIN", f"{jid(options, 1)}\0{name}\0{password}".encode())
    return condition(answer, SASL)


def changed_domain(options):
    """The stream is opened for another domain once somebody has logged in."""
    stream = Stream(options)
    assert stream.scram(*options.accounts[0]).tag.endswith("}success")
    try:
        answer = stream.open(stream.header(to="elsewhere.example"))
    except Closed:
        return "closed"
    return condition(answer, raw.STREAMS)


def resumed_by_another(options):
    """A session is resumed as its own account only."""
    romeo = logged_in(options)
    romeo.send(f'<enable xmlns="{SM}" resume="true"/>')
    enabled = romeo.wait_for(lambda element: element.tag == f"{{{SM}}}enabled")
    thief = Stream(options)
    assert thief.scram(*options.accounts[1]).tag.endswith("}success")
    thief.open()
    thief.send(f'<resume xmlns="{SM}" previd="{enabled.get("id")}" h="0"/>')
    answer = thief.receive()
    thief.close()
    alive = romeo.ping()
    romeo.close()
    return condition(answer, STANZAS) if alive else "the owner lost it"


def acknowledged_too_much(options):
    stream = logged_in(options)
    stream.send(f'<enable xmlns="{SM}"/><a xmlns="{SM}" h="4000"/>')
    return stream.ended_with()


def claimed_by_the_server(options):
    """What only servers assert is taken out of a client's message, in every copy."""
    juliet, romeo = available(options, 1, "reader"), logged_in(options)
    delay = f'<delay xmlns="urn:xmpp:delay" stamp="2002-09-10T23:08:25Z" from="{options.domain}"/>'
    romeo.send(f'<message to="{jid(options, 1)}/reader" type="chat" id="claim">{delay}<body>x</body>{delay}</message>')
    message = heard(juliet, "claim")
    left = [child.tag for child in message if child.tag.startswith("{urn:xmpp:delay}")]
    juliet.close()
    romeo.close()
    return "taken out" if not left else f"{len(left)} left"


def two_readings(options):
    """What parsers understand differently reaches nobody as it was sent."""
    juliet, romeo = available(options, 1, "reader"), logged_in(options)
    romeo.send(f'<message to="{jid(options, 1)}/reader" type="chat" id="cdata"><body><![CDATA[</body><admin/>]]></body>'
               f'</message>')
    wanted, data = "</body><admin/>", b""
    while b"</message>" not in data:
        data += juliet.socket.recv(65536)
    juliet.close()
    romeo.close()
    if b"CDATA" in data:
        return "passed on"
    return "written anew" if wanted.replace("<", "&lt;").encode() in data.replace(b"&gt;", b">") else "changed"


# What comes before its time.

def buffered_over_starttls(options):
    stream = Stream(options, secure=False)
    stream.send(f'<starttls xmlns="{raw.TLS}"/><auth xmlns="{SASL}" mechanism="EXTERNAL">=</auth>')
    return "carried on" if stream.ended_with() == "nothing" else "ended"


def compression(options):
    """Nobody inflates a bomb: there is no compression to begin with (XEP-0138)."""
    stream = Stream(options)
    assert not [feature for feature in stream.features if "compress" in feature.tag]
    stream.send('<compress xmlns="http://jabber.org/protocol/compress"><method>zlib</method></compress>')
    return stream.ended_with()


def nobody_says_anything(options):
    """A login that does not come ends (the suite runs with three seconds)."""
    stream = Stream(options, secure=False)
    return stream.ended_with()


def byte_by_byte(options):
    """Slow bytes are no way to stay: the time for the login is that of the whole login."""
    stream = Stream(options, secure=False)
    told = threading.Event()
    sending = threading.Thread(target=drip, args=(stream, told))
    sending.start()
    begun = time.monotonic()
    error = stream.receive()
    taken = time.monotonic() - begun
    told.set()
    sending.join()
    stream.close()
    return condition(error, raw.STREAMS) if taken < 5 else "stayed"


def drip(stream, told):
    try:
        while not told.wait(0.2):
            stream.send(" ")
    except OSError:
        pass


# What is too much.

def half_open(options):
    """Connections that begin to log in and never end; each has sent nearly as much as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard // 2 - 200)
    before = resident(options)
    part = (raw.Stream.header(_Header(options)) + f'<auth xmlns="{SASL}" mechanism="PLAIN">' + "A" * 4000).encode()
    connections = []
    try:
        for index in range(count):
            source = (f"127.0.0.{index // 2500 + 2}", 0)
            connection = socket.create_connection((options.host, options.port), timeout=5, source_address=source)
            connection.sendall(part)
            connections.append(connection)
        time.sleep(1)  # until the server has read them all
        grown = resident(options) - before
    finally:
        for connection in connections:
            connection.close()
    print(f"    {count} half-open connections: {grown / count:.1f} KiB each", flush=True)
    options.figures["half open"] = f"{grown / count:.1f} KiB each of {count}"
    return "bounded" if grown < count * HALF_OPEN else f"{grown / count:.1f} KiB each"


class _Header:
    def __init__(self, options):
        self.options = options


def does_not_read(options):
    """Somebody who is sent much and reads nothing is ended; the senders go on, and nothing piles up."""
    deaf, romeo = available(options, 1, "deaf"), logged_in(options)
    before = resident(options)
    body = "x" * 20_000
    most = 0
    for number in range(800):
        romeo.send(f'<message to="{jid(options, 1)}/deaf" type="headline" id="m{number}"><body>{body}</body></message>')
        if number % 50 == 0:
            most = max(most, resident(options) - before)
    alive = romeo.ping()
    deaf.close()
    romeo.close()
    options.figures["does not read"] = f"16 MB sent, {most / 1024:.1f} MiB gained"
    return "bounded" if alive and most < 32 * 1024 else f"{most} KiB, alive: {alive}"


def white_space(options):
    """Keep-alives without end cost nothing."""
    stream = logged_in(options)
    before = resident(options)
    for _ in range(200):
        stream.send(" \n" * 25_000)
    alive = stream.ping()
    stream.close()
    return "bounded" if alive and resident(options) - before < 4096 else "grew"


def many_requests(options):
    """Requests without waiting for the answers, none of which is read for a while."""
    stream = logged_in(options)
    before = resident(options)
    sending = threading.Thread(target=send_all, args=(stream, [
        f'<iq type="get" id="f{number}" to="{options.domain}">'
        f'<query xmlns="http://jabber.org/protocol/disco#info"/></iq>' for number in range(3000)]))
    sending.start()
    time.sleep(1)
    grown = resident(options) - before
    for number in range(3000):
        stream.wait_for(lambda element: element.get("id") == f"f{number}")
    sending.join()
    stream.close()
    return "bounded" if grown < 32 * 1024 else f"{grown} KiB"


def send_all(stream, stanzas):
    for stanza in stanzas:
        stream.send(stanza)


def malformed_address(options):
    stream = logged_in(options)
    stream.send('<iq type="get" id="j" to="@@//"><ping xmlns="urn:xmpp:ping"/></iq>')
    answer = stream.wait_for(lambda element: element.get("id") == "j")
    stream.close()
    return condition(answer, STANZAS)


def same_resource(options):
    """Who takes an address gets it, and the end of the one before does not take it away again."""
    first = available(options, 0, "contested")
    second = available(options, 0, "contested")
    assert first.ended_with() == "conflict"
    romeo = logged_in(options, 1, "third")
    romeo.send(f'<message to="{jid(options, 0)}/contested" type="chat" id="new"><body>x</body></message>')
    heard(second, "new")
    second.close()
    romeo.close()
    return "kept"


LAUGHS = ('<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">'
          '<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>')
BODY = '<message to="nobody@nowhere.example"><body>%s</body></message>'

CASES = [
    # name, attack, what has to come of it
    ("spoofed from: message", spoofed("message"), {"invalid-from"}),
    ("spoofed from: presence", spoofed("presence"), {"invalid-from"}),
    ("spoofed from: iq", spoofed("iq"), {"invalid-from"}),
    ("forged answer to another's request", forged_answer, {"stamped"}),
    ("PLAIN for another account (authzid)", other_account, {"invalid-authzid"}),
    ("stream to another domain after login", changed_domain, {"not-authorized", "host-unknown"}),
    ("session resumed by another account", resumed_by_another, {"item-not-found"}),
    ("more acknowledged than was sent", acknowledged_too_much, {"undefined-condition"}),
    ("resource taken over", same_resource, {"kept"}),
    ("what only servers assert, twice", claimed_by_the_server, {"taken out"}),
    ("bytes buffered over STARTTLS", buffered_over_starttls, {"ended"}),
    ("CDATA that hides a tag", two_readings, {"written anew"}),
    ("comment in a stanza", ended_by(BODY % "a<!-- b -->"), {"restricted-xml"}),
    ("processing instruction", ended_by(BODY % "<?xml-stylesheet href='x'?>"), {"restricted-xml"}),
    ("a second XML declaration", ended_by("<?xml version='1.0'?>"), {"restricted-xml", "not-well-formed"}),
    ("entity expansion", ended_by(LAUGHS + BODY % "&lol3;"), {"restricted-xml"}),
    ("entity expansion before login", ended_by(LAUGHS, login=False), {"restricted-xml"}),
    ("external entity", ended_by('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), {"restricted-xml"}),
    ("invalid UTF-8", ended_by(b"<message><body>\xed\xa0\x80</body></message>"),
     {"not-well-formed", "unsupported-encoding", "bad-format"}),
    ("overlong UTF-8", ended_by(b"<message><body>\xc0\xbc</body></message>"),
     {"not-well-formed", "unsupported-encoding", "bad-format"}),
    ("forbidden character reference", ended_by(BODY % "&#0;"), {"not-well-formed"}),
    ("the same attribute twice by namespace",
     ended_by('<message xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2"/>'), {"not-well-formed"}),
    ("a second stream header", ended_by('<stream:stream xmlns:stream="http://etherx.jabber.org/streams"/>'),
     {"bad-format", "not-well-formed", "unsupported-stanza-type", "invalid-namespace"}),
    ("a tag that ends what was not begun", ended_by("</message>"), {"not-well-formed"}),
    ("compression", compression, {"unsupported-stanza-type", "not-authorized"}),
    ("address that is none", malformed_address, {"jid-malformed"}),
    ("stanza too long", ended_by(lambda: BODY % ("x" * 300_000)), {"policy-violation"}),
    ("a stanza without end", ended_by(lambda: "<message><body>" + "x" * 4_000_000), {"policy-violation"}),
    ("elements too deep", ended_by(lambda: "<message>" + "<a>" * 100_000), {"policy-violation"}),
    ("too many elements", ended_by(lambda: "<message>" + "<a/>" * 60_000 + "</message>"), {"policy-violation"}),
    ("too many attributes",
     ended_by(lambda: "<message " + " ".join(f"a{n}='1'" for n in range(5000)) + "/>"), {"policy-violation"}),
    ("name too long", ended_by(lambda: f"<{'m' * 5000}/>"), {"policy-violation"}),
    ("too long before login", ended_by(lambda: "<a b='" + "x" * 100_000, login=False), {"policy-violation"}),
    ("too deep before login", ended_by(lambda: "<a>" * 5000, login=False), {"policy-violation"}),
    ("too long before TLS", ended_by(lambda: "<a b='" + "x" * 100_000, secure=False, login=False),
     {"policy-violation"}),
    ("login that does not come", nobody_says_anything, {"connection-timeout"}),
    ("login byte by byte", byte_by_byte, {"connection-timeout"}),
    ("a reader that does not read", does_not_read, {"bounded"}),
    ("requests whose answers nobody reads", many_requests, {"bounded"}),
    ("white space without end", white_space, {"bounded"}),
    # Last: what it takes is given back to the system only after a while.
    ("ten thousand half-open connections", half_open, {"bounded"}),
]


def resident(options):
    """The server's resident memory in KiB."""
    with open(f"/proc/{options.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main():
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--pid", type=int, required=True, help="the server's process")
    own.add_argument("--table", action="store_true")
    known, rest = own.parse_known_args()
    sys.argv[1:] = rest
    options = arguments(__doc__, 2)
    options.pid, options.figures = known.pid, {}
    witness = logged_in(options, 1, "witness")
    before, failures, rows = resident(options), 0, []
    for name, case, allowed in CASES:
        try:
            found = case(options)
        except Exception:  # the list goes on; the trace is in the output
            traceback.print_exc()
            found = "an exception"
        begun = time.monotonic()
        try:
            alive = witness.ping()
        except Exception as error:
            print(f"no  {name}: the other session died: {error!r}", flush=True)
            print("failed", flush=True)
            sys.exit(1)
        taken = time.monotonic() - begun
        grown = (resident(options) - before) / 1024
        rows.append((name, found, taken, grown))
        wrong = []
        if found not in allowed:
            wrong.append(f"{found}, expected {', '.join(sorted(allowed))}")
        if not alive or taken > 1:
            wrong.append(f"the other session had its pong after {taken:.1f} s")
        if grown > BOUND and "half-open" not in name:
            wrong.append(f"the server has gained {grown:.0f} MiB")
        if wrong:
            failures += 1
            print(f"no  {name}: {'; '.join(wrong)}", flush=True)
        else:
            step(f"{name}: {found} (pong after {taken * 1000:.0f} ms)")
    if known.table:
        print("\n| attack | what comes of it | another session's pong, ms |\n|---|---|---:|")
        for name, found, taken, _ in rows:
            print(f"| {name} | {found} | {taken * 1000:.0f} |")
        print(f"\n{options.figures}; {rows[-1][3]:.1f} MiB gained over the whole suite.\n")
    print(f"failed: {failures} of {len(CASES)}" if failures else "passed", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
