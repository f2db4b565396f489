"""A session that is ended from outside: the server says why, and the account cannot log in again."""

from steps import arguments, client_class, run, step


async def main(options):
    Client = client_class()
    romeo = Client(options, options.accounts[0], "orchard")
    errors = []
    romeo.add_event_handler("stream_error", lambda error: errors.append(error["condition"]))
    await romeo.login()
    romeo.send_presence()
    await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
    step("logged in")
    await romeo.expect("disconnected", seconds=20)
    if not errors:
        raise AssertionError("the stream ended without an error")
    step(f"the stream ended: {errors[0]}")
    try:
        await Client(options, options.accounts[0], "ghost").login()
    except AssertionError:
        step("no login any more")
    else:
        raise AssertionError("the account can still log in")


run(main, arguments(__doc__, 1), 60)
