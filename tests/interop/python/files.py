"""Files and calls: one is left on the server and read again (XEP-0363), one goes through the proxy (XEP-0065), and a call is set up (XEP-0166, XEP-0215, XEP-0353)."""

import asyncio
import io
import os

from steps import arguments, check, client_class, run, step

JINGLE = "urn:xmpp:jingle:1"
MESSAGES = "urn:xmpp:jingle-message:0"
EXTERNAL = "urn:xmpp:extdisco:2"


async def upload(client):
    """A picture, there and back; and what is refused."""
    import aiohttp
    from slixmpp.exceptions import IqError
    plugin = client["xep_0363"]
    picture = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)
    url = await plugin.upload_file("view of the garden.png", input_file=io.BytesIO(picture), timeout=10)
    check(url.startswith("https://localhost:") and url.endswith("/view%20of%20the%20garden.png"), "a file is left on the server", url)
    check(plugin.max_file_size == 5_000_000, "which says how large one may be", plugin.max_file_size)
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            check(answer.status == 200 and await answer.read() == picture, "whoever knows where gets it, octet for octet", answer.status)
            check(answer.headers["Content-Type"] == "image/png", "as what it is", answer.headers)
        async with session.get(url, headers={"Range": "bytes=8-1007"}) as answer:
            check(answer.status == 206 and await answer.read() == picture[8:1008], "or a part of it", answer.status)
        async with session.put(url, data=b"another") as answer:
            check(answer.status == 403, "and cannot write there", answer.status)
        slot = await plugin.request_slot(plugin.upload_service, "page.html", 6, "text/html", timeout=10)
        page = slot["http_upload_slot"]["put"]["url"]
        async with session.put(page, data=b"<html>", headers={"Content-Type": "text/html"}) as answer:
            check(answer.status == 201, "a page is a file as well", answer.status)
        async with session.get(slot["http_upload_slot"]["get"]["url"]) as answer:
            headers = answer.headers
            check(headers["Content-Disposition"].startswith("attachment") and "html" not in headers["Content-Type"],
                  "but no browser shows it", headers)
    try:
        await plugin.request_slot(plugin.upload_service, "film.mp4", 5_000_001, "video/mp4", timeout=10)
        raise AssertionError("a file that is too large has a place")
    except IqError as error:
        check(error.condition == "not-acceptable" and "file-too-large" in str(error.iq), "a file that is too large is refused", str(error.iq))


async def through_the_proxy(sender, receiver):
    """A file from one client to another."""
    file = os.urandom(1_000_000)
    received = bytearray()
    complete = asyncio.get_running_loop().create_future()

    def data(piece):
        received.extend(piece)
        if len(received) >= len(file) and not complete.done():
            complete.set_result(None)
    receiver["xep_0065"].auto_accept = True
    receiver.add_event_handler("socks5_data", data)
    stream = await sender["xep_0065"].handshake(receiver.boundjid, timeout=10)
    check(stream is not None, "both come to the proxy, and it begins", stream)
    await stream.write(file)
    await asyncio.wait_for(complete, 20)
    check(bytes(received) == file, "a file goes through the proxy, octet for octet", len(received))
    stream.transport.close()


async def call(caller, callee):
    """A call is proposed, accepted, set up and ended."""
    from slixmpp.xmlstream import ET
    from slixmpp.xmlstream.handler import Callback
    from slixmpp.xmlstream.matcher import MatchXPath
    for client in (caller, callee):
        def heard(iq, client=client):
            client._note("jingle", iq.xml.find(f"{{{JINGLE}}}jingle"))
            iq.reply().send()
        client.register_handler(Callback("Jingle", MatchXPath(f"{{jabber:client}}iq/{{{JINGLE}}}jingle"), heard))
        # slixmpp tells of messages with a body alone.
        for word in ("propose", "proceed"):
            client.register_handler(Callback(word, MatchXPath(f"{{jabber:client}}message/{{{MESSAGES}}}{word}"),
                                             lambda message, client=client, word=word: client._note(word, message)))
    services = await external(caller)
    found = services.xml.find(f"{{{EXTERNAL}}}services/{{{EXTERNAL}}}service")
    check(found is not None and found.get("username") and found.get("password") and found.get("expires"),
          "what helps a call through is told, with a password that ends", str(services))

    propose = caller.make_message(callee.boundjid.bare, mtype="chat")
    propose.append(ET.fromstring(
        f"<propose xmlns='{MESSAGES}' id='c1'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose>"))
    propose.send()
    rings = await callee.expect("propose")
    check(rings["from"] == caller.boundjid, "it rings", rings)
    proceed = callee.make_message(caller.boundjid, mtype="chat")
    proceed.append(ET.fromstring(f"<proceed xmlns='{MESSAGES}' id='c1'/>"))
    proceed.send()
    await caller.expect("proceed")
    step("somebody picks up")

    def session(action, content):
        return ET.fromstring(f"<jingle xmlns='{JINGLE}' action='{action}' sid='c1' initiator='{caller.boundjid}'>{content}</jingle>")
    voice = ("<content creator='initiator' name='voice'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>"
             "<payload-type id='96' name='opus' clockrate='48000' channels='2'/></description>"
             "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>"
             "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>02:1A:CC</fingerprint></transport></content>")
    candidate = ("<content creator='initiator' name='voice'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>"
                 "<candidate component='1' foundation='1' generation='0' id='x1' ip='192.0.2.1' network='1' port='8998'"
                 " priority='2130706431' protocol='udp' type='host'/></transport></content>")
    for sender, receiver, action, content in (
            (caller, callee, "session-initiate", voice),
            (callee, caller, "session-accept", voice),
            (caller, callee, "transport-info", candidate),
            (callee, caller, "transport-info", candidate),
            (caller, callee, "session-terminate", "<reason><success/></reason>")):
        sent = session(action, content)
        iq = sender.make_iq_set(ito=receiver.boundjid)
        iq.append(sent)
        await iq.send(timeout=10)
        got = await receiver.expect("jingle")
        check(ET.canonicalize(ET.tostring(got)) == ET.canonicalize(ET.tostring(sent)), f"{action} arrives as it was sent")


async def external(client):
    """Which services there are for calls."""
    from slixmpp.xmlstream import ET
    iq = client.make_iq_get(ito=client.boundjid.domain)
    iq.append(ET.Element(f"{{{EXTERNAL}}}services", {"type": "turn"}))
    return await iq.send(timeout=10)


async def main(settings):
    # aiohttp believes whom OpenSSL does.
    os.environ["SSL_CERT_FILE"] = settings.ca
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    orchard, balcony = Client(settings, romeo, "orchard"), Client(settings, juliet, "balcony")
    for client in (orchard, balcony):
        for plugin in ("xep_0004", "xep_0363", "xep_0065"):
            client.register_plugin(plugin)
        await client.login()
        client.send_presence()
        await client.expect("presence_available", lambda data, client=client: data["from"] == client.boundjid)
    await upload(orchard)
    await through_the_proxy(orchard, balcony)
    await call(orchard, balcony)
    for client in (orchard, balcony):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
