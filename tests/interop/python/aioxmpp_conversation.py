"""aioxmpp as a stock client: two people log in, add each other, chat, and go on over a connection that was cut."""

import asyncio
import socket
import ssl
from pathlib import Path

import aioxmpp
import aioxmpp.connector
import aioxmpp.security_layer
import OpenSSL.crypto

from steps import arguments, check, run, step


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


async def heard(person, text):
    message = await soon(person.messages.get(), f"message {text!r}")
    check(message.body.any() == text, f"{person.jid.localpart} hears {text!r}", message.body.any())
    return message


async def main(options):
    romeo = Person(options, options.accounts[0], "orchard")
    juliet = Person(options, options.accounts[1], "balcony")
    us, them = romeo.jid.bare(), juliet.jid.bare()
    async with romeo.client.connected() as stream, juliet.client.connected():
        step("both logged in over STARTTLS")
        info = await soon(romeo.disco.query_info(aioxmpp.JID.fromstr(options.domain)), "disco#info")
        check(any((i.category, i.type_) == ("server", "im") for i in info.identities), "the server says what it is")

        await soon(romeo.roster.set_entry(them, name="Juliet", add_to_groups={"Capulets"}), "roster")
        romeo.roster.subscribe(them)
        await soon(juliet.requests.get(), "subscription request")
        juliet.roster.approve(us)
        await soon(romeo.subscribed.get(), "approval")
        entry = romeo.roster.items[them]
        check(entry.name == "Juliet" and entry.groups == {"Capulets"}, "the roster has name and group", entry)

        await romeo.say(them, "But soft! <&> \u263e")
        message = await heard(juliet, "But soft! <&> \u263e")
        await juliet.say(message.from_, "Ay me!")
        await heard(romeo, "Ay me!")

        check(stream.sm_enabled, "stream management is on")
        for number in range(3):
            romeo.client.stream._xmlstream.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            await juliet.say(romeo.jid, f"behind your back {number}")
            await romeo.say(juliet.jid, f"still here {number}")
            await heard(romeo, f"behind your back {number}")
            await heard(juliet, f"still here {number}")
        step("three cuts, and nothing was lost or came twice")
        await soon(romeo.roster.remove_entry(them), "removal")
    step("both logged out")


run(main, arguments(__doc__, accounts=2))
