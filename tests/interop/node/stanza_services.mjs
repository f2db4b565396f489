// StanzaJS over WebSocket: contacts, a picture of one, a room and its archive, the archive of an account, a node and a file on the server, each
// with the library's own function for it.

import { createClient } from "stanza";
import { createHash } from "node:crypto";
import { check, next, options, run, soon, step } from "./steps.mjs";

const PICTURE = Buffer.from("\u0089PNG\r\n\u001a\nnot much of a picture", "latin1");

async function login([name, password], resource) {
  const client = createClient({
    jid: `${name}@${options.domain}`, password, resource, autoReconnect: false,
    transports: { websocket: options.websocket, bosh: false },
  });
  const started = next(client, "session:started");
  client.connect();
  await started;
  client.updateCaps();
  await soon(client.getRoster(), "roster");
  const there = next(client, "available", (presence) => presence.from === client.jid);
  client.sendPresence({ legacyCapabilities: client.disco.getCaps() });
  await there;
  return client;
}

const bare = (client) => client.jid.split("/")[0];

async function contacts(romeo, juliet) {
  const asked = next(romeo, "subscribe");
  juliet.subscribe(bare(romeo));
  const there = next(juliet, "available", (presence) => presence.from === romeo.jid);
  await asked;
  romeo.acceptSubscription(bare(juliet));
  await there;
  step("one asks, the other accepts and is seen");
  const id = createHash("sha1").update(PICTURE).digest("hex");
  const changed = next(juliet, "avatar", (event) => event.jid === bare(romeo));
  await soon(romeo.publishAvatar(id, PICTURE), "picture");
  await soon(romeo.useAvatars([{ id, bytes: PICTURE.length, mediaType: "image/png" }]), "picture");
  check((await changed).avatars[0].id === id, "a contact hears of a picture");
  const found = await soon(juliet.getAvatar(bare(romeo), id), "picture");
  check(found.content.data.equals(PICTURE), "and gets it");
  const heard = next(juliet, "chat");
  romeo.sendMessage({ to: bare(juliet), type: "chat", body: "but soft" });
  await heard;
  const kept = await soon(juliet.searchHistory({ with: bare(romeo) }), "archive");
  check(kept.results.some(({ item }) => item.message.body === "but soft"), "what was said is in the archive", kept.results.length);
}

async function room(romeo, juliet) {
  const address = `grove@conference.${options.domain}`;
  await soon(romeo.joinRoom(address, "Romeo"), "entry");
  const form = await soon(romeo.getRoomConfig(address), "form");
  check(form.fields.some((field) => field.name === "muc#roomconfig_persistentroom"), "the owner of a new room is shown its form");
  await soon(romeo.configureRoom(address, { fields: [{ name: "muc#roomconfig_persistentroom", type: "boolean", value: true }] }), "configuration");
  const said = (client, body) => next(client, "groupchat", (message) => message.body === body);
  const own = said(romeo, "he jests at scars");
  romeo.sendMessage({ to: address, type: "groupchat", body: "he jests at scars" });
  await own;
  const before = said(juliet, "he jests at scars");
  await soon(juliet.joinRoom(address, "Juliet"), "entry");
  await before;
  const answer = said(romeo, "ay me \u263e");
  juliet.sendMessage({ to: address, type: "groupchat", body: "ay me \u263e" });
  await answer;
  const topic = next(juliet, "muc:topic", (event) => event.topic === "scars");
  romeo.setSubject(address, "scars");
  await topic;
  step("both talk, and see what was said before and the topic");
  const { results } = await soon(juliet.searchHistory(address, {}), "archive");
  const bodies = results.map(({ item }) => item.message.body).filter(Boolean);
  check(bodies.join("|") === "he jests at scars|ay me \u263e", "the archive of the room has it", bodies);
  const left = next(juliet, "muc:leave", (presence) => presence.from === `${address}/Juliet`);
  await soon(romeo.kick(address, "Juliet", "the lark"), "kick");
  await left;
  step("one is kicked");
}

async function nodeAndFile(romeo, juliet) {
  const service = `pubsub.${options.domain}`;
  await soon(romeo.createNode(service, "tunes"), "node");
  await soon(juliet.subscribeToNode(service, "tunes"), "subscription");
  const event = next(juliet, "pubsub:published", (message) => message.from === service);
  await soon(romeo.publish(service, "tunes", { itemType: "http://jabber.org/protocol/tune", title: "Greensleeves" }, "t1"), "publication");
  const [item] = (await event).pubsub.items.published;
  check(item.id === "t1" && item.content.title === "Greensleeves", "who subscribes to a node hears of what is published", item);
  const upload = await soon(romeo.getUploadService(), "service");
  check(upload.jid === `upload.${options.domain}`, "the service for files is found", upload);
  const file = Buffer.from("a rose by any other name ".repeat(4000));
  const slot = await soon(romeo.getUploadSlot(upload.jid, { name: "rose.txt", size: file.length, mediaType: "text/plain" }), "slot");
  const headers = Object.fromEntries((slot.upload.headers ?? []).map(({ name, value }) => [name, value]));
  const stored = await fetch(slot.upload.url, { method: "PUT", body: file, headers: { ...headers, "Content-Type": "text/plain" } });
  const answer = await fetch(slot.download);
  check(stored.status === 201 && Buffer.from(await answer.arrayBuffer()).equals(file), "a file is left there and read again", stored.status);
}

run(async () => {
  const [first, second] = options.accounts;
  const romeo = await login(first, "orchard");
  const juliet = await login(second, "balcony");
  await contacts(romeo, juliet);
  await room(romeo, juliet);
  await nodeAndFile(romeo, juliet);
  for (const client of [romeo, juliet]) {
    const ended = next(client, "disconnected");
    client.disconnect();
    await ended;
  }
});
