"""A plain XMPP stream over a socket, for bytes that no client would send. Python's standard library only."""

import base64
import hashlib
import hmac
import os
import re
import socket
import ssl
import xml.etree.ElementTree as ET

STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"


class Closed(Exception):
    """The peer ended the stream or the connection."""


class Stream:
    """One connection: bytes out, top-level elements in."""

    def __init__(self, options, secure=True):
        self.start(options)
        self.features = self.open()
        if secure:
            self.send(f'<starttls xmlns="{TLS}"/>')
            answer = self.receive()
            assert answer.tag == f"{{{TLS}}}proceed", ET.tostring(answer)
            context = ssl.create_default_context(cafile=options.ca)
            self.socket = context.wrap_socket(self.socket, server_hostname=options.domain)
            self.features = self.open()

    def start(self, options):
        """Connects, and sends nothing yet."""
        self.options = options
        self.socket = socket.create_connection((options.host, options.port), timeout=options.patience)
        self.counter = 0
        self.parser, self.depth = ET.XMLPullParser(("start", "end")), 0

    def header(self, to=None, version="1.0"):
        """The stream header this side sends."""
        to = self.options.domain if to is None else to
        return (f'<?xml version="1.0"?><stream:stream xmlns="jabber:client" '
                f'xmlns:stream="http://etherx.jabber.org/streams" to="{to}" version="{version}">')

    def open(self, header=None):
        """Opens or restarts the stream; returns the features."""
        self.parser = ET.XMLPullParser(("start", "end"))
        self.depth = 0
        self.send(header or self.header())
        return self.receive()

    def send(self, data):
        """Bytes or text, as they are."""
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def receive(self):
        """The next top-level element. Raises `Closed` at the end."""
        while True:
            for event, element in self.parser.read_events():
                if event == "start":
                    self.depth += 1
                    if self.depth == 1:
                        self.root = element
                else:
                    self.depth -= 1
                    if self.depth == 1:
                        self.root.remove(element)
                        return element
                    if self.depth == 0:
                        raise Closed("stream closed")
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError) as error:
                raise Closed(str(error)) from None
            if not data:
                raise Closed("connection closed")
            self.parser.feed(data)

    def wait_for(self, condition):
        """Skips elements until one meets the condition."""
        while True:
            element = self.receive()
            if condition(element):
                return element

    def close(self):
        """Ends the connection without ceremony."""
        try:
            self.socket.close()
        except OSError:
            pass

    def mechanisms(self):
        """The mechanisms offered on this stream."""
        return [element.text for element in self.features.iter(f"{{{SASL}}}mechanism")]

    def auth(self, mechanism, initial):
        """Starts an exchange; returns the answer."""
        payload = base64.b64encode(initial).decode() if initial else "="
        self.send(f'<auth xmlns="{SASL}" mechanism="{mechanism}">{payload}</auth>')
        return self.receive()

    def scram(self, user, password):
        """SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677); returns the final element."""
        nonce = base64.b64encode(os.urandom(18)).decode()
        bare = f"n={user},r={nonce}"
        challenge = self.auth("SCRAM-SHA-256", f"n,,{bare}".encode())
        if challenge.tag != f"{{{SASL}}}challenge":
            return challenge
        first = base64.b64decode(challenge.text).decode()
        fields = dict(part.split("=", 1) for part in first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={fields['r']}"
        message = f"{bare},{first},{final}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        final = f"{final},p={base64.b64encode(proof).decode()}"
        self.send(f'<response xmlns="{SASL}">{base64.b64encode(final.encode()).decode()}</response>')
        answer = self.receive()
        if answer.tag == f"{{{SASL}}}success":
            expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
            assert base64.b64decode(answer.text) == b"v=" + base64.b64encode(expected), "the server's proof is wrong"
        return answer

    def login(self, account, resource=None):
        """SASL, restart, bind; returns the full JID."""
        answer = self.scram(*account)
        assert answer.tag == f"{{{SASL}}}success", ET.tostring(answer)
        self.features = self.open()
        return self.bind(resource)

    def bind(self, resource):
        """Binds; returns the full JID."""
        answer = self.bind_answer(resource)
        assert answer.get("type") == "result", ET.tostring(answer)
        return answer.find(".//{urn:ietf:params:xml:ns:xmpp-bind}jid").text

    def bind_answer(self, resource):
        """Asks for a resource; returns the whole answer."""
        inner = f"<resource>{resource}</resource>" if resource else ""
        return self.ask("set", f'<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">{inner}</bind>', to=None)

    def ask(self, kind, payload, to):
        """An IQ request; returns the answer with its id."""
        self.counter += 1
        name = f"q{self.counter}"
        address = f' to="{to}"' if to else ""
        self.send(f'<iq type="{kind}" id="{name}"{address}>{payload}</iq>')
        return self.wait_for(lambda element: element.tag.endswith("}iq") and element.get("id") == name)

    def ping(self):
        """True when the server answers."""
        answer = self.ask("get", '<ping xmlns="urn:xmpp:ping"/>', self.options.domain)
        return answer.get("type") == "result"

    def ended_with(self):
        """Reads to the end; returns the condition of the stream error, or what ended it instead."""
        condition = None
        try:
            while True:
                element = self.receive()
                if element.tag == "{http://etherx.jabber.org/streams}error":
                    condition = re.sub(r"^\{.*\}", "", element[0].tag)
        except Closed:
            return condition or "closed without an error"
        except ET.ParseError:
            return condition or "bytes that are no XML"
        except TimeoutError:
            return condition and f"{condition} (but left open)" or "nothing"


def condition(element, namespace):
    """The defined condition inside an error or failure element."""
    for child in element.iter():
        if child.tag.startswith(f"{{{namespace}}}") and not child.tag.endswith(("}text", "}failure")):
            return child.tag.split("}")[1]
    return "accepted"
