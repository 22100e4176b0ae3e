// Two people write to each other: messages, threads, reactions, an edit at the same time, what is unread.

import { afterAll, beforeAll, expect, test } from "vitest";

import { committed, expectAccessible, message, People, picture, write } from "./messaging_people";

const people = new People();

beforeAll(() => people.start());
afterAll(() => people.stop());

test("what one sends is there for the other, in one order", async () => {
  const { ines, mara } = people.pages;
  await write(ines, "The export is *ready*, see `invoices.csv`.");
  await message(mara, "The export is ready, see invoices.csv.").waitFor();
  await write(mara, "Thanks. I look at it now.\n> The export is ready");
  await message(ines, "Thanks. I look at it now.").waitFor();
  await expect.poll(() => committed(ines)).toEqual(await committed(mara));
  await picture(ines, "messaging-first");
  await expectAccessible(ines);
});

test("nobody's page has complained", () => {
  expect(people.complaints).toEqual([]);
});
