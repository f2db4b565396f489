"""One name on two domains of one server: two accounts, with passwords, rosters and messages of their own."""

from steps import arguments, check, client_class, run, step


async def main(options):
    Client = client_class()
    here_account, there_account = options.accounts[:2]
    here = await Client(options, here_account, "home").login()
    there = await Client(options, there_account, "home").login()
    check(here.boundjid.bare != there.boundjid.bare, "two addresses", (here.boundjid, there.boundjid))
    for account, other in ((here_account, there_account), (there_account, here_account)):
        try:
            await Client(options, (account[0], other[1]), "thief").login()
        except AssertionError:
            step(f"the other's password does not open {account[0]}")
        else:
            raise AssertionError(f"{account[0]} opens with the other's password")
    for client in (here, there):
        await client.get_roster(timeout=10)
        client.send_presence()
    await here.update_roster("mercutio@elsewhere.example", name="Mercutio")
    roster = await there.get_roster(timeout=10)
    check(not list(roster["roster"]["items"]), "a contact of one is not in the roster of the other")
    here.send_message(mto=there.boundjid.bare, mbody="across", mtype="chat")
    message = await there.expect("message")
    check(message["body"] == "across" and message["from"].full == here.boundjid.full, "a message crosses over")
    here.never("message")
    for client in (here, there):
        await client.plugin["xep_0199"].ping(client.boundjid.domain, timeout=10)
        step(f"{client.boundjid.domain} answers its own account")
        await client.logout()


run(main, arguments(__doc__, 2), 60)
