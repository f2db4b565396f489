"""A session that outlives its streams (XEP-0198): the connection is cut five times while somebody writes."""

import asyncio

from steps import arguments, check, client_class, run, step

CUTS = 5
BETWEEN = 20


async def event(client, name, seconds=20):
    """Waits for the next event of that name."""
    done = asyncio.get_running_loop().create_future()
    client.add_event_handler(name, lambda data: done.done() or done.set_result(data), disposable=True)
    return await asyncio.wait_for(done, seconds)


async def main(options):
    client = client_class()
    romeo = await client(options, options.accounts[0], "orchard").login()
    juliet = client(options, options.accounts[1], "balcony")
    juliet.register_plugin("xep_0198")
    enabled = asyncio.ensure_future(event(juliet, "sm_enabled"))
    await juliet.login()
    check((await enabled)["resume"], "the server lets the session be resumed")
    juliet.send_presence()
    them = juliet.boundjid.bare
    texts = []
    juliet.add_event_handler("message", lambda message: texts.append(message["body"]))

    number = 0
    for cut in range(CUTS):
        for _ in range(BETWEEN):
            romeo.send_message(mto=them, mbody=f"message {number}", mtype="chat")
            number += 1
            if number % 7 == 0:
                await asyncio.sleep(0.01)
        gone = asyncio.ensure_future(event(juliet, "disconnected"))
        juliet.abort()
        await gone
        for _ in range(BETWEEN):
            romeo.send_message(mto=them, mbody=f"message {number}", mtype="chat")
            number += 1
        # Everything was taken before the session has a stream again.
        await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
        resumed = asyncio.ensure_future(event(juliet, "session_resumed"))
        juliet.connect(options.host, options.port)
        await resumed
        step(f"resumed after cut {cut + 1}")

    romeo.send_message(mto=them, mbody="the end", mtype="chat")
    await juliet.expect("message", lambda message: message["body"] == "the end")
    expected = [f"message {number}" for number in range(number)] + ["the end"]
    check(texts == expected, f"{len(expected)} messages came, each once and in order", texts)
    juliet.send_message(mto=romeo.boundjid, mbody="still here", mtype="chat")
    await romeo.expect("message", lambda message: message["body"] == "still here")
    step("the same session, the same address")


run(main, arguments(__doc__, 2))
