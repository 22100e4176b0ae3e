import { expect, test } from "vitest";

import { inkJson, memberText } from "$/services/json_text";

test.each([
  ['{"a": 1, "payload": {"total": 19.90}}', '{"total": 19.90}'],
  ['{"payload":12345678901234567890,"b":{"payload":1}}', "12345678901234567890"],
  ['{"b": {"payload": 1}, "payload": "a\\",}"}', '"a\\",}"'],
  ['{"b": ["payload"], "payload": [1, {"c": 2}]}', '[1, {"c": 2}]'],
])("a member's text is exactly what was sent: %s", (json, expected) => {
  expect(memberText(json, "payload")).toBe(expected);
});

test("a member that isn't there has no text", () => {
  expect(memberText('{"b": {"payload": 1}}', "payload")).toBeUndefined();
});

test("JSON is indented, and numbers keep their notation", () => {
  const text = inkJson('{"a":{"b":19.90,"c":[]},"d":[true,"x:y"]}')?.map((token) => token.text).join("");
  expect(text).toBe('{\n  "a": {\n    "b": 19.90,\n    "c": []\n  },\n  "d": [\n    true,\n    "x:y"\n  ]\n}');
});

test("keys, texts and numbers have their own ink", () => {
  const kinds = inkJson('{"a": "b", "c": 1}')?.filter((token) => token.kind !== "plain").map((token) => token.kind);
  expect(kinds).toEqual(["key", "string", "key", "number"]);
});

test("what isn't JSON isn't touched", () => {
  expect(inkJson("<html>down</html>")).toBeUndefined();
});
