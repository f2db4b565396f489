// Converse.js in Chromium over each of `ways`: two people in two browsers become contacts, talk, see each other's picture, and find
// what was said in the archive. What they see is kept as pictures.

import { options, run, step } from "./steps.mjs";
import { inBrowser, Person } from "./converse_page.mjs";

/** One asks for the other's presence in the dialog for it, the other accepts. */
async function becomeContacts(romeo, juliet) {
  await romeo.click("#converse-roster converse-dropdown button");
  await romeo.click("#converse-roster .add-contact");
  await romeo.locator("form.add-xmpp-contact input[name=jid]").fill(juliet.address);
  await romeo.locator("form.add-xmpp-contact input[name=name]").fill("Juliet");
  await romeo.click("form.add-xmpp-contact button[type=submit]");
  await juliet.sees("converse-roster-contact", "romeo");
  await juliet.click("converse-roster-contact converse-dropdown button");
  await juliet.click(".accept-xmpp-request");
  await juliet.click("converse-accept-contact-request-modal button[type=submit]");
  await romeo.sees("converse-roster-contact .contact-name--online", "Juliet");
  // Its dialog would ask back as well, with a function that version 14.0.0 does not have any more.
  await juliet.page.keyboard.press("Escape");
  await juliet.page.evaluate((jid) => { window.look.state.roster.get(jid).subscribeToPresence(); }, romeo.address);
  for (const [person, other] of [[romeo, "Juliet"], [juliet, "romeo"]]) {
    await person.sees("converse-roster-contact .contact-name--online", other);
  }
  step("one asks in the dialog, the other accepts, and both see that the other is there");
}

/** One chooses a picture; the other is shown it. */
async function showPicture(romeo, juliet) {
  const colour = [200, 30, 60];
  await romeo.setPicture(colour);
  await juliet.seesColour("converse-roster-contact a[data-jid^=romeo] converse-avatar image", colour);
  step("one sets a picture, the other sees it");
}

run(() => inBrowser(async (browser) => {
  const [first, second] = options.accounts;
  let known = false;
  for (const [kind, way] of Object.entries(options.ways)) {
    const romeo = await Person.login(browser, way, first);
    const juliet = await Person.login(browser, way, second);
    if (!known) {
      await becomeContacts(romeo, juliet);
      await showPicture(romeo, juliet);
      known = true;
    }
    await romeo.open(juliet);
    await romeo.says(`But soft! over ${kind}`);
    await juliet.open(romeo);
    await juliet.hears(`But soft! over ${kind}`);
    await juliet.says("Ay me! \u263e <&>");
    await romeo.hears("Ay me! \u263e <&>");
    step(`both see what the other wrote over ${kind}`);
    await romeo.picture(kind);
    await juliet.picture(kind);
    await romeo.logout();
    // A client that knows nothing of it: what was said comes from the archive.
    await juliet.reload();
    await juliet.open(romeo);
    await juliet.hears(`But soft! over ${kind}`);
    await juliet.hears("Ay me! \u263e <&>");
    await juliet.sees(".chat-msg converse-avatar image");
    await juliet.sees("converse-roster-contact .contact-name--offline", "romeo");
    step(`and finds it again after a reload over ${kind}, with the picture of who said it`);
    await juliet.picture(`${kind}-reloaded`);
    await juliet.logout();
  }
}));
