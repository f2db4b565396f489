"""An account made in band (XEP-0077) and logged in to; a name that is taken is refused; the account is removed again."""

import asyncio

from steps import arguments, check, client_class, run, step


async def main(options):
    Client = client_class()

    async def register(account, resource):
        client = Client(options, account, resource)
        client.register_plugin("xep_0077")
        outcome = asyncio.get_running_loop().create_future()

        async def on_register(_form):
            iq = client.Iq()
            iq["type"] = "set"
            iq["register"]["username"] = account[0]
            iq["register"]["password"] = account[1]
            try:
                await iq.send(timeout=10)
                result = None
            except Exception as error:  # the condition is what the script looks at
                result = getattr(error, "condition", repr(error))
            if not outcome.done():
                outcome.set_result(result)

        client.add_event_handler("register", on_register)
        login = asyncio.ensure_future(client.login())
        result = await asyncio.wait_for(outcome, 20)
        return client, login, result

    newcomer = options.accounts[0]
    client, login, result = await register(newcomer, "new")
    check(result is None, "an account is made in band", result)
    await login
    step("the new account logs in")

    _, login, result = await register((newcomer[0], "another password"), "thief")
    login.cancel()
    check(result == "conflict", "a name that is taken is refused with conflict", result)

    iq = client.Iq()
    iq["type"] = "set"
    iq["register"]["remove"] = True
    try:
        await iq.send(timeout=10)
    except Exception as error:  # the stream may end before the answer is read
        check("disconnect" in repr(error).lower() or "not-authorized" in repr(error), "removed", repr(error))
    step("the account is removed by its owner")
    await client.expect("disconnected")
    step("and its session ends")
    try:
        await Client(options, newcomer, "ghost").login()
    except AssertionError:
        step("the removed account cannot log in")
    else:
        raise AssertionError("the removed account can still log in")


run(main, arguments(__doc__, 1), 60)
