"""What administrators do by commands, run by slixmpp's plugins for commands and administration."""

import asyncio

from steps import arguments, check, client_class, run


async def main(options):
    Client = client_class()
    people = []
    for account, resource in zip(options.accounts, ("orchard", "balcony")):
        person = Client(options, account, resource)
        for plugin in ("xep_0004", "xep_0050", "xep_0133"):
            person.register_plugin(plugin)
        await person.login()
        person.send_presence()
        people.append(person)
    romeo, juliet = people

    async def commands_for(person):
        answer = await person.plugin["xep_0133"].get_commands(jid=options.domain, timeout=10)
        return {item[1] for item in answer["disco_items"]["items"]}
    check("http://jabber.org/protocol/admin#add-user" in await commands_for(romeo),
          "an administrator finds the commands")
    others = await commands_for(juliet)
    check(not any(node.startswith("http://jabber.org/protocol/admin#") for node in others), "nobody else does", others)

    async def execute(person, command, **fields):
        """Runs a command through to its end; its last answer, or the condition of the error."""
        done = asyncio.get_running_loop().create_future()

        def first(iq, session):
            if iq["command"]["status"] == "completed":
                done.set_result(iq)
                return
            form = person.plugin["xep_0004"].make_form(ftype="submit")
            for name, value in fields.items():
                form.add_field(var=name.replace("_verify", "-verify"), value=value)
            session["payload"] = form
            session["next"] = lambda iq, session: done.set_result(iq)
            person.plugin["xep_0050"].complete_command(session)

        def failed(iq, session):
            done.set_result(iq["error"]["condition"])
            person.plugin["xep_0050"].terminate_command(session)
        run_command = getattr(person.plugin["xep_0133"], command)
        run_command(jid=options.domain, session={"next": first, "error": failed})
        return await asyncio.wait_for(done, 10)

    refused = await execute(juliet, "get_online_users_num")
    check(refused == "forbidden", "whoever is no administrator is refused", refused)
    answer = await execute(romeo, "get_online_users_num")
    check("<value>2</value>" in str(answer), "two accounts are online", str(answer))
    tybalt = f"tybalt@{options.domain}"
    answer = await execute(romeo, "add_user", accountjid=tybalt, password="secret-3", password_verify="secret-3")
    check(answer["command"]["status"] == "completed", "an account is added", str(answer))
    login = Client(options, ("tybalt", "secret-3"), "square")
    await login.login()
    check(True, "and can be logged into")
    await login.logout()
    answer = await execute(romeo, "get_registered_users_list", max_items="25")
    check(tybalt in str(answer), "it is in the list", str(answer))
    answer = await execute(romeo, "disable_user", accountjids=[tybalt])
    check(answer["command"]["status"] == "completed", "it is disabled", str(answer))
    try:
        await Client(options, ("tybalt", "secret-3"), "square").login()
        raise RuntimeError("a disabled account lets somebody in")
    except AssertionError as error:
        check("authentication refused" in str(error), "nobody is let in then", str(error))
    answer = await execute(romeo, "delete_user", accountjids=[tybalt])
    check(answer["command"]["status"] == "completed", "and it is deleted", str(answer))
    answer = await execute(romeo, "announce", announcement=["Silence!"])
    await juliet.expect("message", lambda message: "Silence!" in message["body"])
    check(True, "an announcement reaches who is online")
    await execute(romeo, "end_user_session", accountjids=[juliet.boundjid.bare])
    await asyncio.wait_for(juliet.disconnected, 10)
    check(True, "a session is ended")
    answer = await execute(romeo, "restart", delay="0", announcement=["One moment"])
    check(answer["command"]["status"] == "completed", "the server is restarted", str(answer))
    await asyncio.wait_for(romeo.disconnected, 15)
    for _ in range(100):
        try:
            romeo = Client(options, options.accounts[0], "orchard")
            await romeo.login()
            break
        except AssertionError:
            await asyncio.sleep(0.2)
    check(romeo.boundjid.resource == "orchard", "and is there again")
    await romeo.logout()


run(main, arguments(__doc__, accounts=2))
