"""The messages that leave_message.py has left, after whatever happened to the server."""

from steps import arguments, client_class, run, step


async def main(options):
    juliet = await client_class()(options, options.accounts[1], "balcony").login()
    juliet.send_presence()
    for number in range(20):
        message = await juliet.expect("message")
        if message["body"] != f"kept {number}":
            raise AssertionError(f"kept {number} expected, found {message['body']}")
    await juliet.plugin["xep_0199"].ping(options.domain, timeout=10)
    juliet.never("message")
    step("all of them, once, in order")
    await juliet.logout()


run(main, arguments(__doc__, 2), 40)
