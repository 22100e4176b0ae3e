// Markdown that grows at its end. Finished blocks stay as they are, and only what comes after them is parsed once more.

import type { Token } from "marked";

import { lexBlocks, renderBlock } from "./render";

/** A definition such as `[1]: https://example.com`, to which all blocks can refer. */
const DEFINITION = /^ {0,3}\[[^\]]+\]:/m;

export class IncrementalMarkdown {
  #html: string[] = [];
  #finished = 0;
  /** Up to where the blocks are finished. */
  #offset = 0;
  #text = "";

  /** Return the blocks of the whole text as safe HTML. A block that was finished before has the same HTML. */
  update(text: string): readonly string[] {
    const whole = text.replace(/\r$/, "").replaceAll(/\r\n?/g, "\n");
    const isWhole = DEFINITION.test(whole);
    if (isWhole || !whole.startsWith(this.#text)) this.#begin();
    this.#text = whole;
    if (!isWhole) this.#finish();
    this.#html = [...this.#html.slice(0, this.#finished), ...render(lexBlocks(whole.slice(this.#offset)))];
    return this.#html;
  }

  /**
   * A block is finished when another one begins after it with a whole line: before that, `2` could become `2.`, which
   * belongs to the list.
   */
  #finish(): void {
    const lines = this.#text.slice(this.#offset, this.#text.lastIndexOf("\n") + 1);
    const blocks = lexBlocks(lines);
    const last = blocks.findLastIndex((block) => block.type !== "space");
    if (last < 1) return;
    const rendered = render(blocks.slice(0, last));
    this.#html = [...this.#html.slice(0, this.#finished), ...rendered];
    this.#finished += rendered.length;
    this.#offset += blocks.slice(0, last).reduce((length, block) => length + block.raw.length, 0);
  }

  #begin(): void {
    this.#html = [];
    this.#finished = 0;
    this.#offset = 0;
  }
}

function render(blocks: readonly Token[]): string[] {
  return blocks.filter((block) => block.type !== "space" && block.type !== "def").map(renderBlock);
}
