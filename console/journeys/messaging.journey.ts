// Two people write to each other: messages, threads, reactions, an edit at the same time, what is unread, files, a search.

import { afterAll, beforeAll, expect, test } from "vitest";

import { committed, expectAccessible, message, messages, People, picture, write } from "./messaging_people";

const people = new People();

beforeAll(() => people.start());
afterAll(() => people.stop());

test("what one sends is there for the other, in one order", async () => {
  const { ines, mara } = people.pages;
  await write(ines, "The export is *ready*, see `invoices.csv`.");
  await message(mara, "The export is ready, see invoices.csv.").waitFor();
  await write(mara, "Thanks. I look at it now.");
  await message(ines, "Thanks. I look at it now.").waitFor();
  await expect.poll(() => committed(ines)).toEqual(["The export is ready, see invoices.csv.", "Thanks. I look at it now."]);
  await expect.poll(() => committed(mara)).toEqual(await committed(ines));
});

test("the author sees that it is sent, and by how many it was read", async () => {
  const { ines, mara } = people.pages;
  await mara.bringToFront();
  await message(ines, "The export is ready").getByText("Read by 1").waitFor();
});

test("a name is completed, and mentions", async () => {
  const { ines, mara } = people.pages;
  const field = ines.getByLabel("Write to general");
  await field.pressSequentially("Can you check it, @mar");
  await ines.getByRole("option", { name: /Mara Lindqvist/ }).waitFor();
  await ines.keyboard.press("Enter");
  await field.pressSequentially(":tad");
  await ines.getByRole("option", { name: ":tada:" }).waitFor();
  await ines.keyboard.press("Tab");
  await ines.keyboard.press("Enter");
  await message(mara, "Can you check it").locator(".mention", { hasText: "@Mara Lindqvist" }).waitFor();
  await message(mara, "Can you check it").getByText("🎉").waitFor();
});

test("reactions are counted for everybody", async () => {
  const { ines, mara } = people.pages;
  await message(mara, "The export is ready").hover();
  await mara.getByRole("button", { name: "React" }).click();
  await mara.getByRole("dialog", { name: "Choose an emoji" }).getByRole("button", { name: "eyes" }).click();
  const reaction = message(ines, "The export is ready").getByRole("button", { name: /eyes/ });
  await reaction.waitFor();
  await reaction.click();
  await expect.poll(() => message(mara, "The export is ready").getByRole("button", { name: /eyes/ }).innerText()).toContain("2");
});

test("a thread has its replies, and one of them is in the channel too", async () => {
  const { ines, mara } = people.pages;
  await message(mara, "The export is ready").hover();
  await mara.getByRole("button", { name: "Reply in a thread" }).click();
  await write(mara, "All of October?", "Reply");
  await message(mara, "All of October?", "Replies").waitFor();
  await message(ines, "The export is ready").getByRole("button", { name: "1 reply" }).click();
  await message(ines, "All of October?", "Replies").waitFor();
  await ines.getByRole("textbox", { name: "Reply" }).fill("And November, until today.");
  await ines.getByLabel("Also in the channel").check();
  await ines.getByRole("textbox", { name: "Reply" }).press("Enter");
  await message(mara, "And November, until today.", "Replies").waitFor();
  await message(mara, "And November, until today.").getByText("A reply in a thread").waitFor();
  expect(await message(mara, "All of October?").count()).toBe(0);
  await picture(ines, "messaging-thread-light");
  await expectAccessible(ines);
  await mara.getByRole("button", { name: "Close, Esc" }).click();
  await ines.getByRole("button", { name: "Close, Esc" }).click();
});

test("of two edits at the same time one counts, and the other author is told", async () => {
  const { ines } = people.pages;
  const second = await ines.context().newPage();
  await second.goto(ines.url());
  // A page that opens while something is written has that as its draft, too.
  await second.getByLabel("Write to general").waitFor();
  await write(ines, "The invoices come at noon.");
  for (const page of [ines, second]) await message(page, "The invoices come at noon.").and(page.locator("[data-sequence]")).waitFor();
  for (const page of [ines, second]) {
    await page.getByLabel("Write to general").focus();
    await page.keyboard.press("ArrowUp");
    await page.getByLabel("The new text").waitFor();
  }
  await ines.getByLabel("The new text").fill("The invoices come at one.");
  await ines.keyboard.press("Enter");
  await message(ines, "The invoices come at one.").waitFor();
  await second.getByLabel("The new text").fill("The invoices come at two.");
  await second.keyboard.press("Enter");
  await second.getByText("Not saved.").waitFor();
  await picture(second, "messaging-conflict-light");
  expect(await second.locator(".edit-theirs").innerText()).toBe("The invoices come at one.");
  expect(await second.getByLabel("Your text").inputValue()).toBe("The invoices come at two.");
  await second.getByRole("button", { name: "Save mine over it" }).click();
  await message(people.pages.mara, "The invoices come at two.").getByText("(edited)").waitFor();
  await second.close();
});

test("a deleted message is gone for everybody, and one with replies leaves its place", async () => {
  const { ines, mara } = people.pages;
  await write(mara, "Wrong channel, sorry.");
  await message(ines, "Wrong channel").waitFor();
  await message(mara, "Wrong channel").hover();
  await mara.getByRole("button", { name: "Delete" }).click();
  await mara.getByRole("button", { name: /^Delete it/ }).click();
  await expect.poll(() => message(ines, "Wrong channel").count()).toBe(0);
  expect(await message(ines, "This message was deleted.").count()).toBe(0);
});

test("a file is dropped, uploaded and shared", async () => {
  const { ines, mara } = people.pages;
  await ines.locator("input[type=file]").setInputFiles({ name: "invoices.csv", mimeType: "text/csv", buffer: Buffer.from("id,amount\n1,4120\n") });
  await ines.getByText("17 bytes").waitFor();
  await write(ines, "Here it is.");
  await message(mara, "Here it is.").getByRole("link", { name: "invoices.csv" }).waitFor();
});

test("unread messages and mentions are counted, also in the window's title, until they are seen", async () => {
  const { ines, mara } = people.pages;
  await ines.keyboard.press("Escape");
  await ines.goto(`${people.networks.ines.url}/messaging/channels`);
  await ines.getByRole("button", { name: "New channel" }).click();
  await ines.getByLabel("Name", { exact: true }).fill("incidents");
  await ines.getByLabel("Topic").fill("One thread per incident.");
  await ines.getByRole("button", { name: /^Create the channel/ }).click();
  await ines.getByLabel("Write to incidents").waitFor();
  await write(mara, "@ines_carvalho the first one. @nobody");
  await write(mara, "And the second one.");
  const entry = ines.getByRole("navigation", { name: "Channels" }).getByRole("link", { name: /general/ });
  await expect.poll(() => entry.innerText()).toContain("1");
  await expect.poll(() => ines.title()).toBe("(1) incidents · Ninefold");
  await ines.getByRole("navigation", { name: "Organisation and systems" }).getByText("1 unread message for you").waitFor({ state: "attached" });
  await entry.click();
  await message(ines, "the first one.").waitFor();
  await ines.getByText(/^New since/).waitFor();
  await ines.bringToFront();
  await expect.poll(() => ines.title()).toBe("general · Ninefold");
  await picture(ines, "messaging-unread-light");
});

test("a channel that was open before opens at what is new, not at its end", async () => {
  const { ines } = people.pages;
  const channels = ines.getByRole("navigation", { name: "Channels" });
  await channels.getByRole("link", { name: /incidents/ }).click();
  await ines.getByLabel("Write to incidents").waitFor();
  const { items } = await people.ninefold.call<{ items: { member_id: string; name: string }[] }>("GET", "/messaging/members");
  const mara = items.find(({ name }) => name === "mara_lindqvist")?.member_id;
  for (let number = 1; number <= 40; number++) await people.ninefold.call("POST", `/messaging/channels/${people.generalId}/messages`, { text: `Line ${number} of the report.`, member_id: mara });
  await channels.getByRole("link", { name: /general/ }).click();
  await message(ines, "Line 1 of the report.").waitFor();
  await expect.poll(() => message(ines, "Line 1 of the report.").evaluate((row) => row.getBoundingClientRect().top > 0 && row.getBoundingClientRect().bottom < innerHeight)).toBe(true);
  expect(await message(ines, "Line 40 of the report.").evaluate((row) => row.getBoundingClientRect().top > innerHeight)).toBe(true);
});

test("a channel is renamed, and who is taken out of it is told", async () => {
  const { ines, mara } = people.pages;
  await ines.goto(`${people.networks.ines.url}/messaging/channels`);
  await ines.getByRole("button", { name: "New channel" }).click();
  await ines.getByLabel("Name", { exact: true }).fill("budget");
  await ines.getByLabel(/^Private/).check();
  await ines.getByRole("button", { name: /^Create the channel/ }).click();
  await ines.getByRole("button", { name: "Members" }).click();
  await ines.getByRole("combobox", { name: "Invite" }).fill("mara");
  await ines.keyboard.press("Enter");
  await ines.getByRole("button", { name: "Invite 1" }).click();
  await mara.getByRole("navigation", { name: "Channels" }).getByRole("link", { name: /budget/ }).click();
  await ines.getByLabel("Name", { exact: true }).fill("budget-2027");
  await ines.getByRole("button", { name: "Save" }).click();
  await mara.getByLabel("Write to budget-2027").waitFor();
  await ines.getByRole("button", { name: "Remove Mara Lindqvist" }).click();
  await ines.getByRole("dialog").getByRole("button", { name: /^Remove/ }).click();
  await mara.getByText("You aren't in this channel any more.").waitFor();
  expect(await mara.getByLabel("Write to budget-2027").isDisabled()).toBe(true);
  await picture(ines, "messaging-members-light");
  await mara.goto(`${people.networks.mara.url}/messaging/${people.generalId}`);
});

test("a command that isn't there isn't sent as a message", async () => {
  const { ines } = people.pages;
  await ines.goto(`${people.networks.ines.url}/messaging/${people.generalId}`);
  await write(ines, "/nope hello");
  await ines.getByText("There is no command /nope.").waitFor();
  expect(await ines.getByLabel("Write to general").inputValue()).toBe("/nope hello");
  await ines.getByLabel("Write to general").fill("");
});

test("a search leads to the message in its place", async () => {
  const { ines } = people.pages;
  await ines.getByRole("link", { name: "Search here" }).click();
  await ines.getByRole("searchbox").fill("from:@mara_lindqvist second");
  await ines.keyboard.press("Enter");
  const found = ines.getByRole("list", { name: "Messages that match" }).getByRole("link");
  await found.first().waitFor();
  expect(await found.locator("mark").allInnerTexts()).toEqual(["second"]);
  await picture(ines, "messaging-search-light");
  await expectAccessible(ines);
  await found.first().click();
  await messages(ines).and(ines.locator("[aria-current]")).filter({ hasText: "And the second one." }).waitFor();
});

test("nobody's page has complained", () => {
  expect(people.complaints).toEqual([]);
});
