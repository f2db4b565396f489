"""Files: one is left on the server and read again (XEP-0363), two go through the proxy, there and back (XEP-0065)."""

import asyncio
import io
import os
import uuid

from steps import arguments, check, client_class, run, step

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
    """A file from one client to another, and one back in the same stream."""
    sid = uuid.uuid4().hex
    receiver["xep_0065"].auto_accept = True
    stream = await sender["xep_0065"].handshake(receiver.boundjid, sid=sid, timeout=10)
    check(stream is not None, "both come to the proxy, and it begins", stream)
    for writes, reads, way in ((sender, receiver, "through the proxy"), (receiver, sender, "back")):
        file, received = os.urandom(1_000_000), bytearray()
        complete = asyncio.get_running_loop().create_future()

        def data(piece):
            received.extend(piece)
            if len(received) >= len(file) and not complete.done():
                complete.set_result(None)
        reads.add_event_handler("socks5_data", data)
        await writes["xep_0065"].get_socket(sid).write(file)
        await asyncio.wait_for(complete, 20)
        reads.del_event_handler("socks5_data", data)
        check(bytes(received) == file, f"a file goes {way}, octet for octet", len(received))
    stream.transport.close()


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
    for client in (orchard, balcony):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
