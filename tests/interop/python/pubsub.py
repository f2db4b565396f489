"""A service of nodes (XEP-0060): made, configured, subscribed to with options, published to, handed on and deleted."""

from steps import arguments, check, client_class, run, step


async def start(client):
    for plugin in ("xep_0004", "xep_0030", "xep_0060"):
        client.register_plugin(plugin)
    for event in ("pubsub_publish", "pubsub_delete"):
        client.add_event_handler(event, lambda data, event=event: client._note(event, data))
    await client.login()
    client.send_presence()
    await client.expect("presence_available", lambda data: data["from"] == client.boundjid)


def entry(text):
    from xml.etree import ElementTree
    element = ElementTree.Element("{http://www.w3.org/2005/Atom}entry")
    ElementTree.SubElement(element, "{http://www.w3.org/2005/Atom}title").text = text
    return element


async def main(settings):
    from slixmpp.exceptions import IqError
    Client = client_class()
    romeo, juliet = settings.accounts[:2]
    author, reader = Client(settings, romeo, "desk"), Client(settings, juliet, "balcony")
    await start(author)
    await start(reader)
    host = author.boundjid.domain
    listed = await author["xep_0030"].get_items(jid=host, timeout=10)
    services = {item[0] for item in listed["disco_items"]["items"]}
    service = f"pubsub.{host}"
    check(service in {str(jid) for jid in services}, "the host lists its service", services)
    info = await author["xep_0030"].get_info(jid=service, timeout=10)
    identities = {(identity[0], identity[1]) for identity in info["disco_info"]["identities"]}
    check(("pubsub", "service") in identities, "it says what it is", identities)

    nodes, theirs = author["xep_0060"], reader["xep_0060"]
    form = await nodes.get_node_config(service, timeout=10)
    check("pubsub#access_model" in str(form), "defaults are shown", str(form))
    config = author["xep_0004"].make_form(ftype="submit")
    config.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#node_config")
    config.add_field(var="pubsub#max_items", value="10")
    config.add_field(var="pubsub#title", value="Verses")
    await nodes.create_node(service, "verses", config=config, timeout=10)
    found = await nodes.get_node_config(service, "verses", timeout=10)
    check("Verses" in str(found), "a node is as it was asked for", str(found))

    answer = await theirs.subscribe(service, "verses", timeout=10)
    check(answer["pubsub"]["subscription"]["subscription"] == "subscribed", "somebody subscribes", str(answer))
    asked = await theirs.get_subscription_options(service, "verses", reader.boundjid.bare, timeout=10)
    check("pubsub#deliver" in str(asked), "options are shown", str(asked))
    await nodes.publish(service, "verses", id="one", payload=entry("But soft"), timeout=10)
    event = await reader.expect("pubsub_publish")
    check(event["from"] == service and event["pubsub_event"]["items"]["item"]["id"] == "one", "subscribers hear", str(event))
    try:
        await theirs.publish(service, "verses", id="two", payload=entry("Ay me"), timeout=10)
        raise AssertionError("a reader publishes")
    except IqError as error:
        check(error.condition == "forbidden", "readers publish nothing", error.condition)
    await nodes.modify_affiliations(service, "verses", [(reader.boundjid.bare, "publisher")], timeout=10)
    await theirs.publish(service, "verses", id="two", payload=entry("Ay me"), timeout=10)
    items = await nodes.get_items(service, "verses", timeout=10)
    check([item["id"] for item in items["pubsub"]["items"]] == ["one", "two"], "both are kept", str(items))
    known = await theirs.get_affiliations(service, timeout=10)
    check("verses" in str(known) and "publisher" in str(known), "somebody sees how it stands to nodes", str(known))
    subscriptions = await nodes.get_node_subscriptions(service, "verses", timeout=10)
    check("juliet" in str(subscriptions), "the owner sees who subscribed", str(subscriptions))
    await nodes.purge(service, "verses", timeout=10)
    await nodes.delete_node(service, "verses", timeout=10)
    await reader.expect("pubsub_delete")
    step("and the node is gone")
    for client in (reader, author):
        await client.logout()


run(main, arguments(__doc__, 2), 60)
