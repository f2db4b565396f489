"""Two people who have never met: log in, add, subscribe, approve, chat, miss each other, part again.

Run against any server that has the two accounts, with empty rosters.
"""

from datetime import datetime, timezone

from steps import arguments, check, client_class, run, step


async def main(options):
    Client = client_class()
    romeo_account, juliet_account = options.accounts[:2]
    romeo = await Client(options, romeo_account, "orchard").login()
    step("first login over STARTTLS")
    check("starttls" in romeo.features, "the stream was encrypted before SASL")
    check(romeo.plugin["feature_mechanisms"].mech.name == "SCRAM-SHA-256", "SCRAM-SHA-256 was the mechanism used")
    check(romeo.boundjid.full == f"{romeo_account[0]}@{options.domain}/orchard",
          "the resource asked for was bound", romeo.boundjid.full)
    juliet = await Client(options, juliet_account, "balcony").login()
    step("second login")

    await ping_and_discovery(options, romeo)
    await subscribe(options, romeo, juliet)
    await chat(romeo, juliet)
    juliet = await offline(options, Client, romeo, juliet, juliet_account)
    await versions(options, Client, romeo, juliet)
    await part(options, romeo, juliet)

    await romeo.logout()
    await juliet.logout()
    step("both logged out")


async def ping_and_discovery(options, client):
    await client.plugin["xep_0199"].ping(options.domain, timeout=10)
    step("the server answers a ping")
    info = await client.plugin["xep_0030"].get_info(jid=options.domain, timeout=10)
    identities = {(entry[0], entry[1]) for entry in info["disco_info"]["identities"]}
    check(("server", "im") in identities, "disco#info names a server/im", identities)
    features = set(info["disco_info"]["features"])
    for feature in ("http://jabber.org/protocol/disco#info", "urn:xmpp:ping"):
        check(feature in features, f"disco#info announces {feature}", features)
    items = await client.plugin["xep_0030"].get_items(jid=options.domain, timeout=10)
    check(items["type"] == "result", "disco#items is answered")
    version = await client.plugin["xep_0092"].get_version(options.domain, timeout=10)
    name = version["software_version"]["name"]
    check(bool(name) if options.server_name is None else name.lower() == options.server_name,
          "version names the software", name)


async def subscribe(options, romeo, juliet):
    await_roster = [await client.get_roster(timeout=10) for client in (romeo, juliet)]
    check(all(answer["type"] == "result" for answer in await_roster), "both rosters were given")
    check(not list(await_roster[0]["roster"]["items"]), "the first roster starts empty")
    romeo.seen.clear()
    juliet.seen.clear()
    romeo.send_presence()
    juliet.send_presence()
    await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
    await juliet.plugin["xep_0199"].ping(options.domain, timeout=10)
    # A client's own presence comes back to it; nobody else's may.
    for client, other in ((romeo, juliet), (juliet, romeo)):
        client.never("presence_available", lambda data: data["from"].bare == other.boundjid.bare)
    step("strangers do not see each other's presence")

    them = juliet.boundjid.bare
    await romeo.update_roster(them, name="Juliet", subscription="none", groups=["Capulets"])
    push = await romeo.expect("roster_update", lambda iq: iq["type"] == "set")
    item = push["roster"]["items"][them]
    check(item["name"] == "Juliet" and item["groups"] == ["Capulets"] and item["subscription"] == "none",
          "adding a contact is pushed with name and group", item)

    romeo.send_presence(pto=them, ptype="subscribe")
    push = await romeo.expect("roster_update", lambda iq: iq["type"] == "set")
    check(push["roster"]["items"][them]["ask"] == "subscribe", "the request is pending in the sender's roster")
    request = await juliet.expect("presence_subscribe")
    check(request["from"].full == romeo.boundjid.bare, "the request comes from the bare JID", request["from"].full)

    us = romeo.boundjid.bare
    juliet.send_presence(pto=us, ptype="subscribed")
    push = await juliet.expect("roster_update", lambda iq: iq["type"] == "set")
    check(push["roster"]["items"][us]["subscription"] == "from", "approving gives `from` to who approves")
    push = await romeo.expect("roster_update", lambda iq: iq["type"] == "set"
                              and iq["roster"]["items"][them]["subscription"] == "to")
    step("approving gives `to` to who asked")
    await romeo.expect("presence_subscribed")
    step("the answer arrives")
    presence = await romeo.expect("presence_available", lambda data: data["from"].full == juliet.boundjid.full)
    check(presence["to"].bare in (us, ""), "the contact's presence arrives after the approval")

    juliet.send_presence(pto=us, ptype="subscribe")
    await romeo.expect("presence_subscribe")
    romeo.send_presence(pto=them, ptype="subscribed")
    await juliet.expect("roster_update", lambda iq: iq["type"] == "set"
                        and iq["roster"]["items"][us]["subscription"] == "both")
    await romeo.expect("roster_update", lambda iq: iq["type"] == "set"
                       and iq["roster"]["items"][them]["subscription"] == "both")
    await juliet.expect("presence_available", lambda data: data["from"].full == romeo.boundjid.full)
    step("the other direction makes it `both`, and presence flows")

    romeo.send_presence(pshow="away", pstatus="in Mantua")
    away = await juliet.expect("presence_away", lambda data: data["from"].full == romeo.boundjid.full)
    check(away["status"] == "in Mantua", "a change of presence is broadcast with show and status")


async def chat(romeo, juliet):
    romeo.send_message(mto=juliet.boundjid.bare, mbody="But soft! <&> \u2014 \u263e", mtype="chat")
    message = await juliet.expect("message")
    check(message["body"] == "But soft! <&> \u2014 \u263e", "a message reaches the bare JID unchanged", message["body"])
    check(message["from"].full == romeo.boundjid.full, "it names the sender's full JID", message["from"].full)
    juliet.send_message(mto=message["from"], mbody="Ay me!", mtype="chat")
    reply = await romeo.expect("message")
    check(reply["body"] == "Ay me!" and reply["type"] == "chat", "the answer reaches the full JID")
    for number in range(50):
        romeo.send_message(mto=juliet.boundjid.full, mbody=f"line {number}", mtype="chat")
    for number in range(50):
        line = await juliet.expect("message")
        if line["body"] != f"line {number}":
            raise AssertionError(f"order lost: line {number} expected, found {line['body']}")
    step("fifty messages keep their order")


async def offline(options, Client, romeo, juliet, account):
    gone = juliet.boundjid.full
    await juliet.logout()
    await romeo.expect("presence_unavailable", lambda data: data["from"].full == gone)
    step("who leaves becomes unavailable for the contact")
    before = datetime.now(timezone.utc)
    romeo.send_message(mto=juliet.boundjid.bare, mbody="while you were away", mtype="chat")
    romeo.send_message(mto=juliet.boundjid.bare, mbody="and once more", mtype="chat")
    await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
    romeo.never("message")

    juliet = await Client(options, account, "balcony").login()
    await juliet.get_roster(timeout=10)
    juliet.send_presence()
    for text in ("while you were away", "and once more"):
        message = await juliet.expect("message")
        check(message["body"] == text, f"kept while offline and delivered in order: {text}", message["body"])
        stamp = message["delay"]["stamp"]
        seconds = abs((stamp - before).total_seconds()) if stamp else None
        check(seconds is not None and seconds < 60, "with a delay that says when it was sent", stamp)
    await romeo.expect("presence_available", lambda data: data["from"].bare == juliet.boundjid.bare)
    await juliet.expect("presence_away", lambda data: data["from"].full == romeo.boundjid.full)
    step("both see each other again after the reconnect")
    return juliet


async def versions(options, Client, romeo, juliet):
    if "rosterver" not in juliet.features:
        raise AssertionError("the server does not announce roster versioning")
    full = await juliet.get_roster(timeout=10)
    version = juliet.client_roster.version
    iq = juliet.Iq()
    iq["type"] = "get"
    iq.enable("roster")
    iq["roster"]["ver"] = version or ""
    again = await iq.send(timeout=10)
    # slixmpp has sent the version it knows with get_roster already: a known version may be answered empty there too.
    check(again.xml.find("{jabber:iq:roster}query") is None, "a roster get with the current version is answered empty")
    iq = juliet.Iq()
    iq["type"] = "get"
    iq.enable("roster")
    iq["roster"]["ver"] = "no-such-version"
    whole = await iq.send(timeout=10)
    check(romeo.boundjid.bare in whole["roster"]["items"], "one with an unknown version brings the whole roster",
          (str(full), str(whole)))


async def part(options, romeo, juliet):
    us, them = romeo.boundjid.bare, juliet.boundjid.bare
    gone = juliet.boundjid.full
    romeo.seen.clear()
    juliet.seen.clear()
    answer = await romeo.del_roster_item(them)
    check(answer is None or answer["type"] == "result", "removing a contact is answered")
    await romeo.expect("roster_update", lambda iq: iq["type"] == "set"
                       and iq["roster"]["items"][them]["subscription"] == "remove")
    step("the removal is pushed")
    await juliet.expect("presence_unsubscribe")
    await juliet.expect("presence_unsubscribed")
    await juliet.expect("roster_update", lambda iq: iq["type"] == "set"
                        and iq["roster"]["items"][us]["subscription"] == "none")
    step("both subscriptions end for the contact as well")
    if options.allow.get("presence-after-removal") != "kept":
        await romeo.expect("presence_unavailable", lambda data: data["from"].full == gone)
        step("and so does the presence")
    answer = await romeo.get_roster(timeout=10)
    check(them not in answer["roster"]["items"], "the contact is gone from the roster")


run(main, arguments(__doc__, 2), 90)
