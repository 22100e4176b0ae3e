// A conversation whose answers have everything that markdown can: the scripted engine writes words without sense.

import type { Page } from "playwright-core";

const FIRST = `Keep the ids that you have done in a table, and write to it **in the transaction that does the work**. If the insert adds no row, it was done before:

\`\`\`sql
BEGIN;
INSERT INTO webhook_done (webhook_id) VALUES ($1)
ON CONFLICT DO NOTHING;          -- no row inserted: it was done before
UPDATE orders SET paid_at = $2 WHERE id = $3;
COMMIT;
\`\`\`

Both commit or neither does, so a crash in between leaves nothing half done.`;

const SECOND = `Then no transaction covers both, and you choose which mistake you prefer:

| order | after a crash in between | for |
|---|---|---|
| send, then store | sent twice | most e-mails |
| store, then send | never sent | payments without an idempotency key |

1. In the transaction, store the *wish* to send, with \`webhook_id\` as its key.
2. A worker takes wishes and sends. It marks each before it calls the mail server and after, so that one that was cut off in between is known as *in doubt* and`;

interface Message {
  message_id: string;
  parent_id: string | null;
  role: string;
  text: string;
  response: Record<string, unknown> | null;
}

/** Show this conversation in the place of whichever is opened. */
export async function showSampleConversation(page: Page): Promise<void> {
  await page.route(/\/assistant\/conversations\/conv_\w+$/, async (route) => {
    const answer = await route.fetch();
    const conversation = await answer.json();
    const sample = (conversation.messages as Message[]).find((message) => message.role === "assistant");
    const response = (number: number, change: Record<string, unknown>): Record<string, unknown> => ({
      ...sample?.response,
      response_id: `resp_sample${number}`,
      status: "completed",
      attempt_count: 1,
      usage: { input_tokens: 40, output_tokens: 148, total_tokens: 188 },
      ...change,
    });
    const messages = [
      ["q1", null, "Our receiver sometimes gets a webhook twice. How do I do the work once, in PostgreSQL?", null],
      ["a0", "q1", "Use a lock.", response(0, { text: "Use a lock." })],
      ["a1", "q1", FIRST, response(1, { text: FIRST })],
      ["q2", "a1", "And if the work is an e-mail? I can’t roll that back.", null],
      ["a2", "q2", SECOND, response(2, { text: SECOND, status: "in_progress" })],
    ].map(([id, parent, text, from]) => ({ ...sample, message_id: id, parent_id: parent, role: from ? "assistant" : "user", text, response: from }));
    const json = { ...conversation, title: "Doing the work of a webhook once", current_message_id: "a2", messages };
    await route.fulfill({ response: answer, json });
  });
}
