"""What the scripts with aioxmpp share: somebody who logs in with it, trusting the server's certificate."""

import asyncio
import ssl
from pathlib import Path

import aioxmpp
import aioxmpp.connector
import aioxmpp.security_layer
import OpenSSL.crypto


class Known(aioxmpp.security_layer.CertificateVerifier):
    """The certificate has to be the one of the server's file: the library's own check needs an older OpenSSL."""

    def __init__(self, file):
        super().__init__()
        self.der = ssl.PEM_cert_to_DER_cert(file.read_text())

    def verify_callback(self, connection, x509, number, depth, ok):
        return OpenSSL.crypto.dump_certificate(OpenSSL.crypto.FILETYPE_ASN1, x509) == self.der

    async def post_handshake(self, transport):
        pass


def security(options, password):
    """STARTTLS is a must."""
    async def given(jid, attempt):
        return password if attempt == 0 else None

    layer = aioxmpp.make_security_layer(given)
    return layer._replace(certificate_verifier_factory=lambda: Known(Path(options.ca)))


class Person:
    """One account, with what happens to it in queues."""

    def __init__(self, options, account, resource):
        name, password = account
        self.jid = aioxmpp.JID(name, options.domain, resource)
        peer = (options.host, options.port, aioxmpp.connector.STARTTLSConnector())
        self.client = aioxmpp.PresenceManagedClient(self.jid, security(options, password), override_peer=[peer])
        self.client.backoff_start = self.client.backoff_start / 10
        self.roster = self.client.summon(aioxmpp.RosterClient)
        self.disco = self.client.summon(aioxmpp.DiscoClient)
        dispatcher = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        self.messages, self.requests, self.subscribed = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, self.messages.put_nowait)
        self.roster.on_subscribe.connect(self.requests.put_nowait)
        self.roster.on_subscribed.connect(self.subscribed.put_nowait)

    async def say(self, to, text):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=to)
        message.body[None] = text
        await self.client.send(message)


async def soon(awaitable, what):
    try:
        return await asyncio.wait_for(awaitable, 15)
    except asyncio.TimeoutError:
        raise AssertionError(f"no {what}") from None
