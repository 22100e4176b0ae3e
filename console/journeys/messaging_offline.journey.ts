// The cable of somebody is pulled for a while: what is written waits, outlives a reload, and is sent once and in order.

import { afterAll, beforeAll, expect, test } from "vitest";

import { committed, message, messages, People, picture, write } from "./messaging_people";

const people = new People();

beforeAll(() => people.start());
afterAll(() => people.stop());

/** The texts in the channel's log, in its order. */
async function log(): Promise<string[]> {
  const { items } = await people.ninefold.call<{ items: { type: string; data: { text?: string } }[] }>("GET", `/messaging/channels/${people.generalId}/events?limit=1000`);
  return items.filter(({ type }) => type === "message").map(({ data }) => data.text ?? "");
}

async function post(text: string): Promise<void> {
  const { items } = await people.ninefold.call<{ items: { name: string; member_id: string }[] }>("GET", "/messaging/members");
  const member_id = items.find(({ name }) => name === "mara_lindqvist")?.member_id;
  await people.ninefold.call("POST", `/messaging/channels/${people.generalId}/messages`, { member_id, text });
}

test("what is written without a connection waits, dashed, and says so", async () => {
  const { ines, mara } = people.pages;
  await write(ines, "Before.");
  await message(mara, "Before.").waitFor();
  await people.cut("ines");
  for (const text of ["One, while away.", "Two, while away.", "Three, while away."]) await write(ines, text);
  await messages(ines).and(ines.locator(".is-pending")).nth(2).waitFor();
  await ines.getByText("3 messages wait in this browser.").waitFor();
  await message(ines, "One, while away.").getByText("Waits for the connection").waitFor();
  await picture(ines, "messaging-pending-light");
  await message(ines, "Two, while away.").getByRole("button", { name: "Discard" }).click();
  await expect.poll(() => message(ines, "Two, while away.").count()).toBe(0);
});

test("others write on meanwhile, and reading goes on", async () => {
  const { ines, mara } = people.pages;
  for (let index = 1; index <= 60; index++) await post(`Line ${index} of the others.`);
  await message(mara, "Line 60 of the others.").waitFor();
  await message(ines, "Before.").waitFor();
  expect(await log()).not.toContain("One, while away.");
});

test("after the return everything is there once, in the order of the log, and no message was lost", async () => {
  const { ines, mara } = people.pages;
  await ines.evaluate(() => ((window as { isKept?: boolean }).isKept = true));
  people.restore("ines");
  await message(mara, "Three, while away.").waitFor();
  const expected = ["Before.", ...Array.from({ length: 60 }, (_, index) => `Line ${index + 1} of the others.`), "One, while away.", "Three, while away."];
  expect(await log()).toEqual(expected);
  await expect.poll(() => committed(ines)).toEqual(expected);
  // The page caught up without a reload.
  expect(await ines.evaluate(() => (window as { isKept?: boolean }).isKept)).toBe(true);
});

test("the place of who reads further up stays, when others write", async () => {
  const { ines } = people.pages;
  await message(ines, "Line 20 of the others.").scrollIntoViewIfNeeded();
  const top = async (): Promise<number> => Math.round((await message(ines, "Line 20 of the others.").boundingBox())?.y ?? 0);
  await expect.poll(async () => (await top()) > 0).toBe(true);
  const before = await top();
  await people.cut("ines");
  for (let index = 61; index <= 70; index++) await post(`Line ${index} of the others.`);
  people.restore("ines");
  await message(ines, "Line 70 of the others.").waitFor({ state: "attached" });
  // The line about the connection comes and goes above it.
  await ines.getByText("Reconnecting.", { exact: true }).waitFor({ state: "hidden" });
  await expect.poll(top).toBe(before);
  await ines.getByRole("button", { name: "To the latest" }).click();
  await message(ines, "Line 70 of the others.").waitFor();
});

test("what waits outlives a reload, and of two tabs one sends it", async () => {
  const { ines, mara } = people.pages;
  const second = await ines.context().newPage();
  await second.goto(ines.url());
  await second.getByLabel("Write to general").waitFor();
  // Only posting fails; the page can be loaded.
  await ines.context().route("**/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await write(ines, "Written before a reload.");
  await message(second, "Written before a reload.").and(second.locator(".is-pending")).waitFor();
  await ines.reload();
  await message(ines, "Written before a reload.").and(ines.locator(".is-pending")).waitFor();
  await ines.context().unroute("**/messages");
  await message(mara, "Written before a reload.").waitFor();
  for (const page of [ines, second]) await message(page, "Written before a reload.").and(page.locator("[data-sequence]")).waitFor();
  expect((await log()).filter((text) => text === "Written before a reload.")).toHaveLength(1);
  // What was sent long ago, and isn't on the page any more, doesn't show as if it had just been sent.
  expect(await message(ines, "Before.").count()).toBe(0);
  await second.close();
});

test("a refused message says why, and its author sends it again or discards it", async () => {
  const { ines, mara } = people.pages;
  const refuse = (status: number, detail: string) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "Refused", status, detail, code: "not_in_channel", is_retryable: false, request_id: "req_1" }) });
  await ines.route("**/messages", (route) => (route.request().method() === "POST" ? route.fulfill(refuse(403, "You aren't in the channel.")) : route.continue()));
  await write(ines, "Refused at first.");
  await message(ines, "Refused at first.").getByText("You aren't in the channel.").waitFor();
  await picture(ines, "messaging-failed-light");
  await ines.unroute("**/messages");
  await message(ines, "Refused at first.").getByRole("button", { name: "Send again" }).click();
  await message(mara, "Refused at first.").waitFor();
});

test("a channel that this browser hasn't read yet opens once the connection is back", async () => {
  const { ines } = people.pages;
  const { channel_id } = await people.ninefold.call<{ channel_id: string }>("POST", "/messaging/channels", { name: "far", member_id: await memberId("mara_lindqvist") });
  await people.ninefold.call("POST", `/messaging/channels/${channel_id}/invite`, { member_ids: [await memberId("ines_carvalho")], member_id: await memberId("mara_lindqvist") });
  const entry = ines.getByRole("navigation", { name: "Channels" }).getByRole("link", { name: /far/ });
  await entry.waitFor();
  await people.cut("ines");
  await entry.click();
  await ines.getByText("The messages of far aren't in this browser yet.").waitFor();
  await write(ines, "Written before it was read.");
  await ines.getByText("Waits for the connection").waitFor();
  await picture(ines, "messaging-unread-channel-light");
  people.restore("ines");
  await message(ines, "Written before it was read.").getByText("Sent").waitFor();
});

test("nobody's page has complained", () => {
  expect(people.complaints).toEqual([]);
});

async function memberId(name: string): Promise<string> {
  const { items } = await people.ninefold.call<{ items: { member_id: string; name: string }[] }>("GET", "/messaging/members");
  return items.find((member) => member.name === name)?.member_id ?? "";
}
