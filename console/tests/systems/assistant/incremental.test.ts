import { expect, test } from "vitest";

import { IncrementalMarkdown } from "$/systems/assistant/markdown/incremental";

const ANSWER = `Keep the ids in a table.

1. First, with \`code\`
2. Second

2

- loose

- list
  - inner

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`sql
SELECT 1; -- one

SELECT '2';
\`\`\`

Heading
---

> quoted
lazily

<b>no HTML</b> and [a link](https://example.com/?a=1&b=2) and ![an image](https://example.com/a.png)
\r
End with **bold`;

/** Numbers from a seed, so that a failing one can be repeated. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function whole(text: string): readonly string[] {
  return new IncrementalMarkdown().update(text);
}

test.each(Array.from({ length: 8 }, (_, index) => index + 1))("any pieces give the same blocks as the whole, seed %d", (seed) => {
  const roll = dice(seed);
  const markdown = new IncrementalMarkdown();
  let text = "";
  while (text.length < ANSWER.length) {
    text = ANSWER.slice(0, text.length + 1 + Math.floor(40 * roll() ** 2));
    expect(markdown.update(text)).toEqual(whole(text));
  }
});

test("a finished block keeps its HTML while the last one grows", () => {
  const markdown = new IncrementalMarkdown();
  const [first] = markdown.update("# One\n\nTwo");
  expect(markdown.update("# One\n\nTwo and three")).toEqual([first, "<p>Two and three</p>\n"]);
});

test("a number that becomes an item stays in its list", () => {
  const markdown = new IncrementalMarkdown();
  for (const text of ["1. a\n", "1. a\n\n2", "1. a\n\n2. b\n"]) markdown.update(text);
  expect(markdown.update("1. a\n\n2. b\n")).toHaveLength(1);
});

test("a definition that comes later is used by what stands before it", () => {
  const markdown = new IncrementalMarkdown();
  markdown.update("See [it][1].\n\nMore\n\n");
  expect(markdown.update("See [it][1].\n\nMore\n\n[1]: https://example.com\n")[0]).toContain('href="https://example.com"');
});

test("another text begins again", () => {
  const markdown = new IncrementalMarkdown();
  markdown.update("One\n\nTwo\n\nThree");
  expect(markdown.update("Four")).toEqual(["<p>Four</p>\n"]);
});
