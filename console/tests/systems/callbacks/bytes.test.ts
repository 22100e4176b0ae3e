import { expect, test } from "vitest";

import { bytesOf, bytesText, DUMP_ROWS_MAX, hexDump } from "$/systems/callbacks/bytes";

test("a dump has the offset, the bytes, and what is printable", () => {
  expect(hexDump(new TextEncoder().encode('{"a":"é"}\n012345678'))).toBe(
    [
      '00000000  7b 22 61 22 3a 22 c3 a9  22 7d 0a 30 31 32 33 34  {"a":".."}.01234',
      "00000010  35 36 37 38                                       5678",
    ].join("\n"),
  );
});

test("a dump ends after its limit", () => {
  expect(hexDump(new Uint8Array(16 * DUMP_ROWS_MAX + 1)).split("\n")).toHaveLength(DUMP_ROWS_MAX);
});

test.each([
  ["text", { bodyText: "\ufeffé", bodyBase64: null }, [0xef, 0xbb, 0xbf, 0xc3, 0xa9]],
  ["base64", { bodyText: null, bodyBase64: "//4A" }, [0xff, 0xfe, 0x00]],
  ["nothing", { bodyText: null, bodyBase64: null }, []],
])("the bytes of a body that is %s are what came", (_, body, expected) => {
  expect([...bytesOf(body)]).toEqual(expected);
});

test.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_434, "1.4 KiB"],
  [10 * 1024 * 1024, "10 MiB"],
])("%d bytes are %s", (count, expected) => {
  expect(bytesText(count)).toBe(expected);
});
