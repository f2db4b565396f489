"""A message for somebody who is away, acknowledged by the server: what follows on the stream has been answered."""

from steps import arguments, client_class, run, step


async def main(options):
    romeo = await client_class()(options, options.accounts[0], "orchard").login()
    them = f"{options.accounts[1][0]}@{options.domain}"
    for number in range(20):
        romeo.send_message(mto=them, mbody=f"kept {number}", mtype="chat")
    await romeo.plugin["xep_0199"].ping(options.domain, timeout=10)
    step("twenty messages were taken")
    # No logout: the server is about to be killed.
    romeo.abort()


run(main, arguments(__doc__, 2), 40)
