import { describe, expect, test } from "vitest";

import { escapeText, parseInline, parseMrkdwn, plainText } from "$/systems/messaging/text/mrkdwn";
import { storedText, writtenText } from "$/systems/messaging/text/written";

const text = (value: string) => ({ kind: "text", text: value });

describe("marks", () => {
  test.each([
    ["*bold* and _it_", [{ kind: "bold", children: [text("bold")] }, text(" and "), { kind: "italic", children: [text("it")] }]],
    ["~gone~", [{ kind: "strike", children: [text("gone")] }]],
    ["*_both_*", [{ kind: "bold", children: [{ kind: "italic", children: [text("both")] }] }]],
    ["`*code*`", [{ kind: "code", text: "*code*" }]],
    ["snake_case_name", [text("snake_case_name")]],
    ["2 * 3 * 4", [text("2 * 3 * 4")]],
    ["a :tada: b", [text("a "), { kind: "emoji", name: "tada" }, text(" b")]],
    ["at 10:30:15", [text("at 10:30:15")]],
    ["<@U0123456789>", [{ kind: "member", slackId: "U0123456789" }]],
    ["<#C0123456789|general>", [{ kind: "channel", slackId: "C0123456789", label: "general" }]],
    ["<!here> look", [{ kind: "audience", word: "here" }, text(" look")]],
    ["<https://a.example/?q=1&amp;r=2|a *b*>", [{ kind: "link", href: "https://a.example/?q=1&r=2", label: "a *b*" }]],
    ["(https://a.example/wiki/Nine_(number)).", [text("("), { kind: "link", href: "https://a.example/wiki/Nine_(number)", label: "https://a.example/wiki/Nine_(number)" }, text(").")]],
    ["see https://a.example/x_y_z.", [text("see "), { kind: "link", href: "https://a.example/x_y_z", label: "https://a.example/x_y_z" }, text(".")]],
    ["&lt;b&gt; &amp;amp;", [text("<b> &amp;")]],
  ])("of %s", (source, expected) => {
    expect(parseInline(source)).toEqual(expected);
  });

  test("an address that isn't one of the web or of mail is text", () => {
    expect(parseInline("<javascript:alert(1)|click>")).toEqual([text("<javascript:alert(1)|click>")]);
    expect(parseInline("<script>alert(1)</script>")).toEqual([text("<script>alert(1)</script>")]);
  });
});

describe("parts", () => {
  test("quotes, lists and code stand on their own", () => {
    const parts = parseMrkdwn("One\n&gt; quoted\n&gt; twice\n- a\n- b\n1. c\n```\nx = 1\n  y\n```\nend");
    expect(parts.map((part) => part.kind)).toEqual(["paragraph", "quote", "list", "list", "code", "paragraph"]);
    expect(parts[2]).toMatchObject({ isOrdered: false, items: [[text("a")], [text("b")]] });
    expect(parts[4]).toEqual({ kind: "code", text: "x = 1\n  y" });
  });

  test("lines of a paragraph are broken where their author broke them", () => {
    expect(parseMrkdwn("one\ntwo")).toEqual([{ kind: "paragraph", children: [text("one"), { kind: "break" }, text("two")] }]);
  });

  test("a long text is parsed quickly", () => {
    const began = performance.now();
    parseMrkdwn("*_~`<:".repeat(6_000) + "a".repeat(4_000));
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

test("what is written is what is read back for editing", () => {
  const names: Record<string, string> = { U0123456789: "mara" };
  const nameOf = (slackId: string): string | undefined => names[slackId];
  expect(writtenText("<@U0123456789> see <#C0123456789|plans> &amp; <https://a.example> &lt;now&gt; <!here>", nameOf)).toBe("@mara see #plans & https://a.example <now> @here");
  const channelIdOf = (name: string): string | undefined => (name === "plans" ? "C0123456789" : undefined);
  expect(storedText("@mara see #plans, #nowhere, `#plans` & <b>", channelIdOf)).toBe("@mara see <#C0123456789|plans>, #nowhere, `#plans` &amp; &lt;b&gt;");
  expect(escapeText("a < b & c")).toBe("a &lt; b &amp; c");
});

test("a text without marks is for screen readers and searches", () => {
  expect(plainText("*Hi* <@U0123456789>, see `x`\n- one\n- two", () => "Mara")).toBe("Hi @Mara, see x one, two");
});
