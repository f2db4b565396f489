"""An app server for push notifications (XEP-0357) that is a slixmpp component with slixmpp's publish-subscribe, and a client
that wants to be called while it sleeps."""

import asyncio
from xml.etree import ElementTree

from steps import arguments, check, client_class, run, step

PUSH = "urn:xmpp:push:0"
FORM = "jabber:x:data"
NODE = "yxs32uqsflafdk3iuqo"
TOKEN = "eruio234vzxc2kla-91"


def app_server_class():
    import slixmpp
    from slixmpp.xmlstream.handler import Callback
    from slixmpp.xmlstream.matcher import StanzaPath

    class AppServer(slixmpp.ComponentXMPP):
        """Takes what is published, and answers with the next error of its list, if any."""

        def __init__(self, domain, secret, host, port):
            super().__init__(domain, secret, host, port)
            self.auto_reconnect = False
            for plugin in ("xep_0004", "xep_0030", "xep_0060"):
                self.register_plugin(plugin)
            self.called = asyncio.Queue()
            self.errors = []
            self.register_handler(Callback("publish", StanzaPath("iq@type=set/pubsub/publish"), self.publish))

        def publish(self, iq):
            reply = iq.reply()
            if self.errors:
                condition, kind = self.errors.pop(0)
                reply.error()
                reply["error"]["condition"] = condition
                reply["error"]["type"] = kind
            reply.send()
            self.called.put_nowait(iq)

        async def join(self, seconds=10):
            done = asyncio.get_running_loop().create_future()
            self.add_event_handler("session_start", lambda _: done.done() or done.set_result(True))
            self.connect()
            return await asyncio.wait_for(done, seconds)

        async def call(self, seconds=10):
            return await asyncio.wait_for(self.called.get(), seconds)

        async def silence(self, seconds=1.0):
            await asyncio.sleep(seconds)
            return self.called.empty()

    return AppServer


def fields(form):
    """The values of a form by their fields."""
    found = {}
    for field in form.findall(f"{{{FORM}}}field"):
        values = [value.text for value in field.findall(f"{{{FORM}}}value")]
        found[field.get("var")] = values[0] if values else None
    return found


async def switch(client, action, service, **attributes):
    """Enables or disables the app server."""
    iq = client.make_iq_set()
    element = ElementTree.SubElement(iq.xml, f"{{{PUSH}}}{action}", jid=service, **attributes)
    if action == "enable":
        form = ElementTree.SubElement(element, f"{{{FORM}}}x", type="submit")
        for var, value in (("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options"), ("secret", TOKEN)):
            field = ElementTree.SubElement(form, f"{{{FORM}}}field", var=var)
            ElementTree.SubElement(field, f"{{{FORM}}}value").text = value
    await iq.send(timeout=10)


def summary(iq):
    """What a notification says of the messages that wait."""
    payload = iq["pubsub"]["publish"]["item"]["payload"]
    check(payload.tag == f"{{{PUSH}}}notification", "the item is a notification", payload.tag)
    form = fields(payload.find(f"{{{FORM}}}x"))
    check(form.pop("FORM_TYPE") == "urn:xmpp:push:summary", "with a summary")
    return form


async def main(options):
    Client, AppServer = client_class(), app_server_class()
    domain, secret = options.component.split(":", 1)
    app = AppServer(domain, secret, options.host, options.component_port)
    await app.join()
    juliet = await Client(options, options.accounts[1], "balcony").login()

    async def awake():
        return await Client(options, options.accounts[0], "phone").login()

    async def sleep(client):
        await client.logout()
        await asyncio.sleep(0.3)

    def write(words):
        juliet.send_message(mto=f"{options.accounts[0][0]}@{options.domain}", mbody=words, mtype="chat")

    romeo = await awake()
    info = await romeo.plugin["xep_0030"].get_info(jid=romeo.boundjid.bare, timeout=10)
    check(PUSH in info["disco_info"]["features"], "the account announces it")
    await switch(romeo, "enable", domain, node=NODE)
    step("a client enables the app server")
    await sleep(romeo)
    write("wherefore art thou")
    iq = await app.call()
    check(iq["from"] == options.domain, "the server calls it", str(iq["from"]))
    check(iq["pubsub"]["publish"]["node"] == NODE, "at the client's node", str(iq))
    given = iq["pubsub"]["publish_options"].get_values()
    check(given.get("secret") == TOKEN, "with the client's secret", given)
    told = summary(iq)
    expected = {"message-count": "1"}
    if options.told:
        expected["last-message-body"] = "wherefore art thou"
        expected["last-message-sender"] = juliet.boundjid.full
    check(told == expected, "and says no more than it is to say", told)
    if not options.told:
        check("juliet" not in str(iq) and "wherefore" not in str(iq), "nowhere", str(iq))

    # Errors that pass, and one that does not (§7.1).
    app.errors = [("resource-constraint", "wait"), ("item-not-found", "cancel")]
    write("two")
    check(summary(await app.call())["message-count"] == "2", "it counts")
    write("three")
    check(summary(await app.call())["message-count"] == "3", "it is called again after an error that passes")
    write("four")
    check(await app.silence(), "and no more after one that does not")

    romeo = await awake()
    romeo.send_presence()
    await romeo.expect("message", lambda message: message["body"] == "four")
    await switch(romeo, "enable", domain, node=NODE)
    await sleep(romeo)
    write("five")
    check(summary(await app.call())["message-count"] == "1", "it is called once it is enabled anew")
    romeo = await awake()
    await switch(romeo, "disable", domain)
    await sleep(romeo)
    write("six")
    check(await app.silence(), "and not when it is disabled")


if __name__ == "__main__":
    settings = arguments(__doc__, accounts=2)
    run(main, settings)
