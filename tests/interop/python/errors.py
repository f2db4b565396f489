"""What clients get wrong, each answered with the condition RFC 6120 names, while another session goes on undisturbed."""

import base64
import sys
import traceback

from raw import SASL, STANZAS, Closed, Stream, condition
from steps import arguments, step


def failure(element):
    """The condition of a SASL failure."""
    if not element.tag.endswith("}failure"):
        return element.tag
    return condition(element, SASL)


def wrong_password(options):
    stream = Stream(options)
    return failure(stream.scram(options.accounts[0][0], "not the password"))


def unknown_user(options):
    stream = Stream(options)
    return failure(stream.scram("nobody-of-that-name", "whatever"))


def unknown_mechanism(options):
    stream = Stream(options)
    return failure(stream.auth("X-NO-SUCH-THING", b"hello"))


def bad_base64(options):
    stream = Stream(options)
    stream.send(f'<auth xmlns="{SASL}" mechanism="PLAIN">\u00a7\u00a7\u00a7</auth>')
    return failure(stream.receive())


def foreign_authzid(options):
    name, password = options.accounts[0]
    stream = Stream(options)
    other = f"{options.accounts[1][0]}@{options.domain}"
    return failure(stream.auth("PLAIN", f"{other}\0{name}\0{password}".encode()))


def second_attempt(options):
    """A refused login does not end the stream: the right password may follow (§6.4.5)."""
    stream = Stream(options)
    first = failure(stream.scram(options.accounts[0][0], "not the password"))
    answer = stream.scram(*options.accounts[0])
    return first if answer.tag.endswith("}success") else f"then {answer.tag}"


def plain_before_tls(options):
    """PLAIN is not offered on an unencrypted stream, and refused when it is sent all the same."""
    stream = Stream(options, secure=False)
    if "PLAIN" in stream.mechanisms():
        return "offered"
    name, password = options.accounts[0]
    try:
        answer = stream.auth("PLAIN", f"\0{name}\0{password}".encode())
    except Closed:
        return "closed"
    if answer.tag.endswith("}error"):
        return condition(answer, "urn:ietf:params:xml:ns:xmpp-streams")
    return failure(answer)


def stanza_before_login(kind):
    def case(options):
        stream = Stream(options)
        stream.send(f'<{kind} to="{options.accounts[1][0]}@{options.domain}" type="chat"><body>hi</body></{kind}>')
        return stream.ended_with()
    return case


def stanza_before_bind(options):
    stream = Stream(options)
    assert stream.scram(*options.accounts[0]).tag.endswith("}success")
    stream.open()
    stream.send(f'<message to="{options.accounts[1][0]}@{options.domain}"><body>hi</body></message>')
    return stream.ended_with()


def same_resource(options):
    """The newer session gets the resource, the older one is told (§7.7.2.2)."""
    first, second = Stream(options), Stream(options)
    one = first.login(options.accounts[0], "contested")
    two = second.login(options.accounts[0], "contested")
    ended = first.ended_with()
    assert one == two and second.ping(), "the newer session works"
    second.close()
    return ended


def second_bind(options):
    """A session has one resource; asking for another is refused, and the session goes on."""
    stream = Stream(options)
    stream.login(options.accounts[0], "only-one")
    answer = stream.bind_answer("another")
    assert stream.ping()
    stream.close()
    return condition(answer, STANZAS)


def malformed_resource(options):
    stream = Stream(options)
    assert stream.scram(*options.accounts[0]).tag.endswith("}success")
    stream.open()
    answer = stream.bind_answer("x" * 1024)
    stream.close()
    return condition(answer, STANZAS)


def spoofed_from(options):
    stream = Stream(options)
    stream.login(options.accounts[0], "spoof")
    me = f"{options.accounts[0][0]}@{options.domain}"
    stream.send(f'<message from="{options.accounts[1][0]}@{options.domain}" to="{me}"><body>hi</body></message>')
    return stream.ended_with()


def after_login(data):
    def case(options):
        stream = Stream(options)
        stream.login(options.accounts[0], "forbidden")
        stream.send(data)
        return stream.ended_with()
    return case


def before_login(data):
    def case(options):
        stream = Stream(options)
        try:
            stream.send(data)
        except OSError:
            pass  # the server may hang up while we are still sending; what it said before counts
        return stream.ended_with()
    return case


def header(text):
    def case(options):
        stream = Stream.__new__(Stream)
        stream.start(options)
        stream.send(text.replace("DOMAIN", options.domain) if isinstance(text, str) else text)
        return stream.ended_with()
    return case


def injected_before_tls(options):
    """Bytes that follow <starttls/> in the clear end the stream: they are not carried over into the encrypted one."""
    stream = Stream(options, secure=False)
    stream.send('<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/><presence/>')
    return "carried on" if stream.ended_with() == "nothing" else "ended"


def wrong_version(options):
    """A higher major version is answered with our own (§4.7.5), or refused."""
    stream = Stream.__new__(Stream)
    stream.start(options)
    try:
        return stream.open(stream.header(version="2.0")).tag.split("}")[1]
    except Closed:
        return "closed"


def many_attempts(options):
    """Guessing on one connection comes to an end."""
    stream = Stream(options)
    for _ in range(50):
        try:
            stream.scram(options.accounts[0][0], "guess")
        except (Closed, OSError):
            return "ended"
        except AttributeError:
            return "ended"
    return "fifty guesses allowed"


NS = 'xmlns:stream="http://etherx.jabber.org/streams"'
MESSAGE = '<message to="nobody@nowhere.example">%s</message>'

CASES = [
    # name, what is done, the conditions the RFC allows
    ("wrong-password", wrong_password, {"not-authorized"}),
    ("unknown-user", unknown_user, {"not-authorized"}),
    ("unknown-mechanism", unknown_mechanism, {"invalid-mechanism"}),
    ("bad-base64", bad_base64, {"incorrect-encoding"}),
    ("foreign-authzid", foreign_authzid, {"invalid-authzid"}),
    ("second-attempt", second_attempt, {"not-authorized"}),
    ("plain-before-tls", plain_before_tls, {"encryption-required", "invalid-mechanism", "policy-violation",
                                            "not-authorized"}),
    ("message-before-login", stanza_before_login("message"), {"not-authorized"}),
    ("presence-before-login", stanza_before_login("presence"), {"not-authorized"}),
    ("iq-before-login", stanza_before_login("iq"), {"not-authorized"}),
    ("stanza-before-bind", stanza_before_bind, {"not-authorized"}),
    ("same-resource", same_resource, {"conflict"}),
    ("second-bind", second_bind, {"not-allowed", "resource-constraint"}),
    ("malformed-resource", malformed_resource, {"bad-request", "jid-malformed"}),
    ("spoofed-from", spoofed_from, {"invalid-from"}),
    ("comment", after_login(MESSAGE % "<!-- hidden -->"), {"restricted-xml"}),
    ("processing-instruction", after_login(MESSAGE % "<?php evil ?>"), {"restricted-xml"}),
    ("doctype", after_login('<!DOCTYPE x [<!ENTITY a "b">]>'), {"restricted-xml"}),
    ("entity-reference", after_login(MESSAGE % "<body>&lol;</body>"), {"restricted-xml", "not-well-formed"}),
    ("comment-before-login", before_login("<!-- hidden -->"), {"restricted-xml"}),
    ("mismatched-tags", after_login(MESSAGE % "<body></subject>"), {"not-well-formed"}),
    ("duplicate-attribute", after_login('<message to="a@b.example" to="c@d.example"/>'), {"not-well-formed"}),
    ("undeclared-prefix", after_login(MESSAGE % "<x:y/>"), {"bad-namespace-prefix", "not-well-formed"}),
    ("control-character", after_login(MESSAGE % "<body>\x01</body>"), {"not-well-formed"}),
    ("broken-utf8", after_login(b"<message><body>\xff\xfe</body></message>"),
     {"unsupported-encoding", "not-well-formed", "bad-format"}),
    ("unknown-element", after_login('<post xmlns="jabber:client"/>'), {"unsupported-stanza-type"}),
    ("depth-before-login", before_login("<a>" * 5000), {"policy-violation"}),
    ("size-before-login", before_login(f'<auth xmlns="{SASL}" mechanism="PLAIN">' + "A" * 300000),
     {"policy-violation"}),
    ("unknown-host", header('<stream:stream xmlns="jabber:client" ' + NS + ' to="elsewhere.example" version="1.0">'),
     {"host-unknown"}),
    ("wrong-stream-namespace", header('<stream:stream xmlns="jabber:client" xmlns:stream="urn:wrong" '
                                      'to="DOMAIN" version="1.0">'), {"invalid-namespace"}),
    ("wrong-content-namespace", header('<stream:stream xmlns="urn:wrong" ' + NS + ' to="DOMAIN" version="1.0">'),
     {"invalid-namespace"}),
    ("wrong-version", wrong_version, {"features", "error"}),
    ("utf-16", header("<?xml version='1.0' encoding='UTF-16'?>".encode("utf-16")),
     {"unsupported-encoding", "not-well-formed", "bad-format"}),
    ("not-xml", header("GET / HTTP/1.1\r\nHost: DOMAIN\r\n\r\n"), {"not-well-formed", "bad-format"}),
    ("injected-before-tls", injected_before_tls, {"ended"}),
    ("many-attempts", many_attempts, {"ended"}),
]


def main():
    options = arguments(__doc__, 2)
    failures = 0
    witness = Stream(options)
    witness.login(options.accounts[1], "witness")
    for name, case, allowed in CASES:
        try:
            found = case(options)
        except Exception:  # the list goes on; the trace is in the output
            traceback.print_exc()
            found = "an exception"
        try:
            alive = witness.ping()
        except Exception as error:
            print(f"no  {name}: the other session died: {error!r}", flush=True)
            print("failed", flush=True)
            sys.exit(1)
        if found in allowed and alive:
            step(f"{name}: {found}")
        elif options.allow.get(name) == found and alive:
            print(f"--  {name}: {found} (known for this server; the RFC: {', '.join(sorted(allowed))})", flush=True)
        else:
            failures += 1
            print(f"no  {name}: {found}, expected {', '.join(sorted(allowed))}", flush=True)
    print(f"failed: {failures} of {len(CASES)}" if failures else "passed", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
