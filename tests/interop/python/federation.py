"""Two people on two servers: each speaks to the other, sees the other come and go, and asks the other's server.

The first server has the account given with --account, the second is described with --other.
"""

import copy
from xml.etree import ElementTree

from steps import arguments, check, client_class, run, step


PUBSUB = "http://jabber.org/protocol/pubsub"


async def publish(client, text):
    """One more item at a node of the own account that everybody may read."""
    from slixmpp.xmlstream import ET
    iq = client.make_iq_set()
    iq.append(ET.fromstring(
        f"<pubsub xmlns='{PUBSUB}'><publish node='verses'><item id='{text}'><verse xmlns='urn:verse'>{text}</verse></item></publish>"
        "<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
        f"<value>{PUBSUB}#publish-options</value></field><field var='pubsub#access_model'><value>open</value></field></x>"
        "</publish-options></pubsub>"))
    await iq.send(timeout=20)


async def nodes(romeo, juliet):
    """Somebody elsewhere subscribes to a node of an account of ours (XEP-0060)."""
    from slixmpp.xmlstream import ET
    from slixmpp.xmlstream.handler import Callback
    from slixmpp.xmlstream.matcher import MatchXPath
    # slixmpp tells of messages with a body alone.
    juliet.register_handler(Callback("news", MatchXPath(f"{{jabber:client}}message/{{{PUBSUB}#event}}event"),
                                     lambda message: juliet._note("news", message)))
    await publish(romeo, "one")
    for action in ("subscribe", "unsubscribe"):
        iq = juliet.make_iq_set(ito=romeo.boundjid.bare)
        iq.append(ET.fromstring(f"<pubsub xmlns='{PUBSUB}'><{action} node='verses' jid='{juliet.boundjid.full}'/></pubsub>"))
        await iq.send(timeout=20)
        await publish(romeo, f"after {action}")
        if action == "subscribe":
            for text in ("one", "after subscribe"):
                told = await juliet.expect("news", lambda message: text in str(message), 20)
                check(told["from"].bare == romeo.boundjid.bare and "pubsub#event" in str(told),
                      "a subscriber elsewhere hears of it", str(told))
    await juliet.plugin["xep_0199"].ping(romeo.boundjid.full, timeout=20)
    juliet.never("news", lambda message: "after unsubscribe" in str(message))
    step("and no more once it has unsubscribed")


async def copies(romeo, juliet, options):
    """One message for several, one of them elsewhere (XEP-0033)."""
    message = romeo.make_message(mto=options.domain, mbody="to all of you", mtype="normal")
    addresses = ElementTree.SubElement(message.xml, "{http://jabber.org/protocol/address}addresses")
    for kind, to in (("to", juliet.boundjid.full), ("cc", romeo.boundjid.full)):
        ElementTree.SubElement(addresses, "{http://jabber.org/protocol/address}address", {"type": kind, "jid": to})
    message.send()
    for client in (romeo, juliet):
        said = await client.expect("message", lambda message: message["body"] == "to all of you", 20)
        check(said["from"].full == romeo.boundjid.full and str(said).count("delivered") == 2,
              "a message for several reaches each, here and elsewhere", str(said))


async def main(options):
    Client = client_class()
    other = copy.copy(options)
    port, other.domain, other.ca, name, password = options.other.split(":")
    other.port = int(port)
    romeo = await Client(options, options.accounts[0], "orchard").login()
    juliet = await Client(other, (name, password), "balcony").login()
    step("both log in")
    for client in (romeo, juliet):
        await client.get_roster(timeout=10)
        client.send_presence()

    romeo.send_message(mto=juliet.boundjid.full, mbody="wherefore", mtype="chat")
    said = await juliet.expect("message", lambda message: message["body"] == "wherefore", 40)
    check(said["from"].full == romeo.boundjid.full, "a message arrives from the first at the second", str(said["from"]))
    juliet.send_message(mto=romeo.boundjid.full, mbody="therefore", mtype="chat")
    said = await romeo.expect("message", lambda message: message["body"] == "therefore", 40)
    check(said["from"].full == juliet.boundjid.full, "and from the second at the first", str(said["from"]))

    await nodes(romeo, juliet)
    await copies(romeo, juliet, options)

    await romeo.plugin["xep_0199"].ping(other.domain, timeout=20)
    await juliet.plugin["xep_0199"].ping(options.domain, timeout=20)
    step("each server answers a ping from the other side")
    await romeo.plugin["xep_0199"].ping(juliet.boundjid.full, timeout=20)
    await juliet.plugin["xep_0199"].ping(romeo.boundjid.full, timeout=20)
    step("and so does each client")

    for asker, asked in ((romeo, juliet), (juliet, romeo)):
        asker.send_presence_subscription(pto=asked.boundjid.bare, ptype="subscribe")
        await asked.expect("presence_subscribe", lambda presence: presence["from"].bare == asker.boundjid.bare, 20)
        asked.send_presence_subscription(pto=asker.boundjid.bare, ptype="subscribed")
        await asker.expect("presence_subscribed", lambda presence: presence["from"].bare == asked.boundjid.bare, 20)
        await asker.expect("presence_available", lambda presence: presence["from"].full == asked.boundjid.full, 20)
        step(f"{asked.boundjid.bare} lets {asker.boundjid.bare} see its presence")

    juliet.send_presence(pshow="away", pstatus="asleep")
    away = await romeo.expect("presence_away", lambda presence: presence["from"].full == juliet.boundjid.full, 20)
    check(away["status"] == "asleep", "what the second says of itself reaches the first")
    await juliet.logout()
    await romeo.expect("presence_unavailable", lambda presence: presence["from"].full == juliet.boundjid.full, 20)
    step("and that it goes")
    juliet = await Client(other, (name, password), "balcony").login()
    await juliet.get_roster(timeout=10)
    juliet.send_presence()
    await romeo.expect("presence_available", lambda presence: presence["from"].full == juliet.boundjid.full, 20)
    await juliet.expect("presence_available", lambda presence: presence["from"].full == romeo.boundjid.full, 20)
    step("who comes back is seen, and sees who is there")

    romeo.send_presence_subscription(pto=juliet.boundjid.bare, ptype="unsubscribe")
    await juliet.expect("presence_unsubscribe", lambda presence: presence["from"].bare == romeo.boundjid.bare, 20)
    await romeo.expect("presence_unavailable", lambda presence: presence["from"].bare == juliet.boundjid.bare, 20)
    step("a subscription is given up")
    romeo.send_message(mto=f"nobody-at-all@{other.domain}", mbody="hello?", mtype="chat")
    error = await romeo.expect("message_error", seconds=20)
    check(error["error"]["condition"] in ("service-unavailable", "item-not-found"),
          "a message to nobody comes back", str(error))
    await romeo.logout()
    await juliet.logout()


if __name__ == "__main__":
    run(main, arguments(__doc__, 1))
