import { expect, test } from "vitest";

import { lexBlocks, renderBlock } from "$/systems/assistant/markdown/render";

function shown(text: string): HTMLElement {
  const element = document.createElement("div");
  element.innerHTML = lexBlocks(text).map(renderBlock).join("");
  return element;
}

test.each([
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "text <iframe src='https://example.com'></iframe>",
  "<style>* { display: none }</style>",
  "<a href='https://example.com' onclick='alert(1)'>x</a>",
  "`<button onclick=alert(1)>`",
  "```html\n<img src=x onerror=alert(1)>\n```",
  '```"><img src=x onerror=alert(1)>\ncode\n```',
])("HTML is shown as text: %s", (text) => {
  const element = shown(text);
  expect(element.querySelector("script, img, iframe, style, a, [onclick], [onerror]")).toBeNull();
});

test.each(["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "/settings", "//example.com", "&#106;avascript:alert(1)"])(
  "an address leads nowhere unless it is one of the web or of mail: %s",
  (href) => {
    expect(shown(`[x](${href})`).querySelector("[href]")).toBeNull();
  },
);

test("a link opens another page, which learns nothing of this one", () => {
  const link = shown("[x](https://example.com)").querySelector("a");
  expect(link?.getAttribute("rel")).toBe("noopener noreferrer nofollow");
  expect(link?.target).toBe("_blank");
});

test("an image is a link, so that nothing is loaded from elsewhere", () => {
  const element = shown("![a chart](https://example.com/a.png)");
  expect(element.querySelector("img")).toBeNull();
  expect(element.querySelector("a")?.textContent).toBe("a chart");
});

test("code is highlighted in a language that is known, and plain in others", () => {
  expect(shown("```sql\nSELECT 1\n```").querySelector(".hljs-keyword")?.textContent).toBe("SELECT");
  expect(shown("```nope\nSELECT 1\n```").querySelector("pre")?.innerHTML).toBe("SELECT 1");
});

test("tables and lists are shown as such", () => {
  const element = shown("| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n- open\n");
  expect(element.querySelectorAll("th, td")).toHaveLength(4);
  expect(element.querySelector("td[align=right]")?.textContent).toBe("2");
  expect([...element.querySelectorAll("li")].map((item) => item.textContent?.trim())).toEqual(["☑ done", "open"]);
});
