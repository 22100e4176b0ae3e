// Markdown as HTML that is safe to show. A model's output is a stranger's input: no HTML of its own, no images, no
// addresses but those of the web and of mail.

import DOMPurify from "dompurify";
import { Marked, type Token, type TokensList } from "marked";

import { escapeHtml, highlightCode } from "./highlight";

const PLAIN_ATTRIBUTES = ["start", "align", "tabindex", "type", "role", "aria-label", "rel", "target"];
const ALLOWED = {
  ALLOWED_TAGS: [
    ...["p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "strong", "em", "del", "code", "pre"],
    ...["a", "table", "thead", "tbody", "tr", "th", "td", "div", "span", "button"],
  ],
  ALLOWED_ATTR: ["href", "class", ...PLAIN_ATTRIBUTES],
  // Their values aren't addresses; those of all others must be.
  ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ALLOW_DATA_ATTR: false,
};

const marked = new Marked({
  gfm: true,
  renderer: {
    html: (token) => ("block" in token && token.block ? `<p>${escapeHtml(token.text)}</p>` : escapeHtml(token.text)),
    // Loading it would tell a stranger's server who reads this, and when.
    image({ href, text }) {
      return linkOf(href, escapeHtml(text || "image"));
    },
    link({ href, tokens }) {
      return linkOf(href, this.parser.parseInline(tokens));
    },
    // The page and the turn have the first two levels.
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    code({ text, lang }) {
      const language = /^[\w+#-]+/.exec(lang ?? "")?.[0].toLowerCase() ?? "";
      const head = `<span>${escapeHtml(language || "text")}</span><button class="button is-ghost copy-code" type="button">Copy</button>`;
      const code = highlightCode(text, language);
      return `<div class="codeblock"><div class="codeblock-head">${head}</div><pre class="payload" tabindex="0">${code}</pre></div>`;
    },
    table(token) {
      const cells = (row: typeof token.header, tag: string): string =>
        row.map((cell) => `<${tag}${cell.align ? ` align="${cell.align}"` : ""}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("");
      const rows = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
      return `<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${cells(token.header, "th")}</tr></thead><tbody>${rows}</tbody></table></div>`;
    },
  },
});

/** Split a text into its blocks. */
export function lexBlocks(text: string): TokensList {
  return marked.lexer(text);
}

/** Return one block as safe HTML. */
export function renderBlock(block: Token): string {
  return DOMPurify.sanitize(marked.parser([block]), ALLOWED);
}

function linkOf(href: string, content: string): string {
  return `<a class="link" href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer nofollow">${content}</a>`;
}
