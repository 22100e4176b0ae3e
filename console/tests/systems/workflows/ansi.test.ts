import { expect, test } from "vitest";

import { ansiSpans, plainText } from "$/systems/workflows/log/ansi";

const ESC = "\x1b";

test.each([
  ["plain text", [["plain text", ""]]],
  [`${ESC}[32mok${ESC}[0m done`, [["ok", "a-green"], [" done", ""]]],
  [`${ESC}[1;31mFAILED${ESC}[22m no`, [["FAILED", "a-red a-bold"], [" no", "a-red"]]],
  [`${ESC}[90mgrey${ESC}[39m${ESC}[96mcyan`, [["grey", "a-grey"], ["cyan", "a-cyan"]]],
  [`${ESC}[41;97m FAIL ${ESC}[m`, [[" FAIL ", "a-white a-on-red"]]],
  [`${ESC}[7mreversed${ESC}[27m${ESC}[4mlined`, [["reversed", "a-reversed"], ["lined", "a-underlined"]]],
  [`${ESC}[38;5;196mcube${ESC}[38;5;244mgrey${ESC}[38;5;10mbright`, [["cube", "a-red"], ["grey", "a-grey"], ["bright", "a-green"]]],
  [`${ESC}[38;2;20;120;250mtrue${ESC}[38:5:208morange`, [["true", "a-blue"], ["orange", "a-yellow"]]],
  [`${ESC}[31mone${ESC}[31m two`, [["one two", "a-red"]]],
] as const)("the colours of %j", (text, expected) => {
  expect(ansiSpans(text).map((span) => [span.text, span.classes])).toEqual(expected);
});

test.each([
  [`${ESC}[2K${ESC}[1Gline`, "line"],
  [`${ESC}]8;;https://example.com${ESC}\\link${ESC}]8;;${ESC}\\`, "link"],
  [`${ESC}]0;title\x07text`, "text"],
  ["10 %\r50 %\r100 %\r", "100 %"],
  [`bell\x07 and ${ESC}`, "bell and "],
  [`broken ${ESC}[38;5`, "broken "],
])("what isn't a colour is dropped from %j", (text, expected) => {
  expect(ansiSpans(text).map((span) => span.text).join("")).toBe(expected);
  expect(plainText(text)).toBe(expected);
});

test("no text of a log is lost or becomes anything but text", () => {
  const text = `<img src=x onerror=alert(1)> &amp; ${ESC}[31m<b>`;
  expect(ansiSpans(text).map((span) => span.text).join("")).toBe("<img src=x onerror=alert(1)> &amp; <b>");
});
