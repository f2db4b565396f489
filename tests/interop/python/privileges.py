"""A component from slixmpp that may do more than others (XEP-0356), and that answers in a namespace for the server (XEP-0355)."""

import asyncio

from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from component import component_class
from steps import arguments, check, client_class, run, step

DELEGATION = "urn:xmpp:delegation:2"
FORWARD = "urn:xmpp:forward:0"
WEATHER = "urn:example:weather"


class Queue(asyncio.Queue):
    """What came, looked for by condition."""

    async def find(self, condition, seconds=10):
        async def look():
            while True:
                found = await self.get()
                if condition(found):
                    return found
        return await asyncio.wait_for(look(), seconds)


async def main(options):
    Client, Component = client_class(), component_class()
    domain, secret = options.component.split(":", 1)
    juliet = await Client(options, options.accounts[1], "balcony").login()
    await juliet.get_roster(timeout=10)
    juliet.send_presence()
    echo = Component(domain, secret, options.host, options.component_port)
    echo.register_plugin("xep_0356")
    told, stanzas = asyncio.Event(), Queue()
    echo.add_event_handler("privileges_advertised", lambda _: told.set())
    echo.add_filter("in", lambda stanza: stanzas.put_nowait(stanza) or stanza)
    delegated(echo, domain)
    check(await echo.join(), "the component joins")
    await asyncio.wait_for(told.wait(), 10)
    granted = echo.plugin["xep_0356"].granted_privileges[options.domain]
    check((granted.roster, granted.message, granted.presence) == ("both", "outgoing", "roster"),
          "it is told what it may", granted)
    announced = await stanzas.find(lambda s: s.xml.find(f"{{{DELEGATION}}}delegation/{{{DELEGATION}}}delegated") is not None)
    namespaces = [d.get("namespace") for d in announced.xml.iter(f"{{{DELEGATION}}}delegated")]
    check(namespaces == [WEATHER], "and what it answers for", namespaces)
    await presence(options, Client, stanzas, juliet)
    romeo = await Client(options, options.accounts[0], "orchard").login()
    await romeo.get_roster(timeout=10)
    romeo.send_presence()
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    privilege = echo.plugin["xep_0356"]

    await privilege.set_roster(us, {"nurse@elsewhere.example": {"name": "Nurse", "subscription": "none", "groups": ["Capulets"]}},
                               timeout=10)
    push = await romeo.expect("roster_update", lambda iq: iq["type"] == "set")
    check(push["roster"]["items"]["nurse@elsewhere.example"]["name"] == "Nurse", "it adds a contact, and the client hears of it")
    push = await stanzas.find(lambda s: s.name == "iq" and s["type"] == "set" and s.xml.find("{jabber:iq:roster}query") is not None)
    check(push["from"].full == us, "as does it itself", str(push))
    roster = await privilege.get_roster(us, timeout=10)
    check(list(roster["roster"]["items"]) == ["nurse@elsewhere.example"], "it reads the roster", str(roster))

    message = echo.make_message(mto=them, mfrom=us, mbody="in your name", mtype="chat")
    privilege.send_privileged_message(message)
    heard = await juliet.expect("message", lambda message: message["body"] == "in your name")
    check(heard["from"].full == us, "it sends a message in the name of an account", str(heard))
    for sender in (f"{us}/orchard", "nobody@elsewhere.example"):
        message = echo.make_message(mto=them, mfrom=sender, mbody="forged", mtype="chat")
        wrapped = echo.make_message(mto=options.domain, mfrom=domain)
        wrapped["privilege"]["forwarded"].append(message)
        wrapped.send()
        error = await stanzas.find(lambda s: s.name == "message" and s["type"] == "error")
        check("<forbidden" in str(error), f"but not in that of {sender}", str(error))
    juliet.never("message", lambda message: message["body"] == "forged")

    iq = echo.make_iq_get(ifrom=us, ito=options.domain)
    iq.enable("ping")
    answer = await privilege.send_privileged_iq(iq)
    check(answer["type"] == "result" and answer["to"].full == us, "it asks in the name of an account", str(answer))
    iq = echo.make_iq_get(ifrom=us, ito=options.domain)
    iq.append(ET.fromstring("<query xmlns='jabber:iq:version'/>"))
    try:
        await privilege.send_privileged_iq(iq)
        raise AssertionError("nothing was granted for that")
    except IqError as error:
        check("<forbidden" in str(error.iq), "only what is granted", error)

    for to in (options.domain, them, None):
        check(await weather(romeo, to) == "sunny for " + (to or "whom it may concern"), f"it answers for {to}")
    info = await romeo.plugin["xep_0030"].get_info(jid=options.domain, timeout=10)
    features = set(info["disco_info"]["features"])
    check({DELEGATION, WEATHER} <= features, "the server announces what the component brings", features)
    await contacts(echo, stanzas, domain, romeo, juliet)
    await echo.disconnect(wait=0.5)
    await asyncio.sleep(0.3)
    try:
        await weather(romeo, options.domain)
        raise AssertionError("nobody can have answered")
    except IqError as error:
        check(error.condition == "service-unavailable", "and nobody answers when it is gone", error)
    await romeo.logout()
    await juliet.logout()


async def presence(options, Client, stanzas, juliet):
    came = await stanzas.find(lambda s: s.name == "presence" and s["from"].full == juliet.boundjid.full)
    check(came["type"] == "available", "it sees who was there before it")
    for cut in (False, True):
        guest = await Client(options, options.accounts[0], "guest").login()
        guest.send_presence()
        await stanzas.find(lambda s: s.name == "presence" and s["from"].full == guest.boundjid.full)
        if cut:
            guest.abort()
        else:
            await guest.logout()
        await stanzas.find(lambda s: s.name == "presence" and s["from"].full == guest.boundjid.full and s["type"] == "unavailable")
    step("it sees them come and go")


async def contacts(echo, stanzas, domain, romeo, juliet):
    """Somebody elsewhere, whom two accounts see and another does not."""
    friar, stranger = f"friar@{domain}", f"stranger@{domain}"

    def seen(who):
        return lambda s: s.name == "presence" and s["to"].bare == domain and s["from"].bare == who

    for client in (romeo, juliet):
        client.send_presence(pto=friar, ptype="subscribe")
        await stanzas.find(lambda s: s.name == "presence" and s["type"] == "subscribe" and s["from"].bare == client.boundjid.bare)
        echo.send_presence(pto=client.boundjid.bare, pfrom=friar, ptype="subscribed")
        await client.expect("presence_subscribed", lambda p: p["from"].bare == friar)
    for who in (stranger, friar):
        for client in (romeo, juliet):
            echo.send_presence(pto=client.boundjid.bare, pfrom=f"{who}/cell", pshow="away")
    came = [await stanzas.find(lambda s: seen(friar)(s) or seen(stranger)(s))]
    echo.send_presence(pto=juliet.boundjid.bare, pfrom=f"{friar}/cell", ptype="unavailable")
    came.append(await stanzas.find(lambda s: seen(friar)(s) or seen(stranger)(s)))
    shown = [(str(s["from"]), s["type"]) for s in came]
    check(shown == [(f"{friar}/cell", "away"), (f"{friar}/cell", "unavailable")],
          "it sees contacts of accounts come and go, once each, and nobody else", shown)


async def weather(client, to):
    iq = client.make_iq_get(ito=to)
    iq.append(ET.fromstring(f"<query xmlns='{WEATHER}'/>"))
    answer = await iq.send(timeout=10)
    return answer.xml.findtext(f"{{{WEATHER}}}query")


def delegated(component, domain):
    """Answers what the server leaves to the component."""
    def answer(iq):
        inner = iq.xml.find(f"{{{DELEGATION}}}delegation/{{{FORWARD}}}forwarded/{{jabber:client}}iq")
        to, whom = inner.get("to"), inner.get("from")
        answered = ET.Element("{jabber:client}iq", {"type": "result", "id": inner.get("id"), "to": whom})
        if to:
            answered.set("from", to)
        ET.SubElement(answered, f"{{{WEATHER}}}query").text = "sunny for " + (to or "whom it may concern")
        result = iq.reply()
        outer = ET.Element(f"{{{DELEGATION}}}delegation")
        ET.SubElement(outer, f"{{{FORWARD}}}forwarded").append(answered)
        result.xml.append(outer)
        result.send()

    path = f"{{jabber:component:accept}}iq/{{{DELEGATION}}}delegation"
    component.register_handler(Callback("delegated", MatchXPath(path), answer))
    component.plugin["xep_0030"].add_feature(WEATHER, node=f"{DELEGATION}::{WEATHER}", jid=domain)


run(main, arguments(__doc__, accounts=2))
