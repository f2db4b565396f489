// StanzaJS over each of `transports`, `[name, address]`: log in, ask, talk, leave.

import { createClient } from "stanza";
import { check, next, options, run, soon, step } from "./steps.mjs";

const login = async ([kind, address], [name, password], resource) => {
  const client = createClient({
    jid: `${name}@${options.domain}`,
    password,
    resource,
    autoReconnect: false,
    transports: { websocket: kind === "websocket" ? address : false, bosh: kind === "bosh" ? address : false },
  });
  const started = next(client, "session:started");
  const refused = new Promise((_, reject) => client.on("auth:failed", () => reject(new Error("not-authorized"))));
  client.connect();
  const jid = await Promise.race([started, refused]);
  check(jid === `${name}@${options.domain}/${resource}`, `logged in over ${address}`, jid);
  return client;
};

run(async () => {
  const [romeo, juliet] = options.accounts;
  for (const transport of options.transports) {
    const first = await login(transport, romeo, "orchard");
    const second = await login(transport, juliet, "balcony");
    second.sendPresence();
    await soon(first.ping(options.domain), "pong");
    step("the server answers a ping");
    await soon(first.getRoster(), "roster");
    step("the roster is given");
    for (const text of ["But soft! <&> \u2014 \u263e", "x".repeat(20_000)]) {
      const heard = next(second, "chat");
      first.sendMessage({ to: second.jid, type: "chat", body: text });
      check((await heard).body === text, `a message of ${text.length} arrives as it was written`);
    }
    // StanzaJS never says that it is disconnected when an acknowledgement of its own waits to be sent over BOSH.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const client of [first, second]) {
      const ended = next(client, "disconnected");
      client.disconnect();
      await ended;
    }
    step(`both left over ${transport[0]}`);
  }
});
