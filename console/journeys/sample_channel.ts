// The channel of the pictures: a small shop's incident, with an app's message, a thread and reactions.

import type { Ninefold } from "./ninefold";

interface Line {
  readonly from: string;
  readonly text: string;
  readonly blocks?: readonly unknown[];
}

const THREAD: readonly Line[] = [
  { from: "mara", text: "All of their hosts, or ours only?" },
  { from: "jonas", text: "All. Their own page is slow too." },
  { from: "tomas", text: "Probes go out every 8 minutes now. I can make one by hand if they call." },
  { from: "mara", text: "They call it 12:10." },
  { from: "tomas", text: "Then we are done before the kettle." },
];
const RELEASE = [
  { type: "section", text: { type: "mrkdwn", text: "*storefront* v2026.11.24-3 is on production, 14 commits by Tomas Okafor" } },
  {
    type: "actions",
    elements: [
      { type: "button", action_id: "open", text: { type: "plain_text", text: "Open the run" } },
      { type: "button", action_id: "back", style: "danger", text: { type: "plain_text", text: "Roll back" } },
    ],
  },
];
const PEOPLE: Readonly<Record<string, string>> = { jonas: "Jonas Weiss", tomas: "Tomas Okafor", priya: "Priya Raman" };

/** Fill the channel `incidents` and some others. */
export async function showSampleChannel(ninefold: Ninefold): Promise<{ channelId: string; threadSequence: number }> {
  const ids = new Map<string, string>();
  for (const [name, real_name] of Object.entries(PEOPLE)) {
    ids.set(name, (await ninefold.call<{ member_id: string }>("POST", "/messaging/members", { name, real_name })).member_id);
  }
  const { items } = await ninefold.call<{ items: { name: string; member_id: string }[] }>("GET", "/messaging/members");
  for (const { name, member_id } of items) ids.set(name.split("_")[0] ?? name, member_id);
  ids.set("deploys", (await ninefold.call<{ bot: { member_id: string } }>("POST", "/messaging/apps", { name: "deploys" })).bot.member_id);
  const member_id = ids.get("jonas");
  const all = [...ids.values()];
  let channelId = "";
  for (const [name, topic] of [["announcements", ""], ["checkout", ""], ["ledger", ""], ["incidents", "One thread per incident. The one who sees it first keeps the log."]]) {
    ({ channel_id: channelId } = await ninefold.call<{ channel_id: string }>("POST", "/messaging/channels", { member_id, name, topic }));
    await ninefold.call("POST", `/messaging/channels/${channelId}/invite`, { member_id, member_ids: all.filter((id) => id !== member_id) });
  }
  const post = async ({ from, ...message }: Line & { thread_sequence?: number }): Promise<number> =>
    (await ninefold.call<{ sequence: number }>("POST", `/messaging/channels/${channelId}/messages`, { ...message, member_id: ids.get(from) })).sequence;
  const react = (sequence: number, from: string, emoji: string): Promise<unknown> =>
    ninefold.call("PUT", `/messaging/channels/${channelId}/messages/${sequence}/reactions/${emoji}`, { member_id: ids.get(from) });
  await post({ from: "deploys", text: "storefront v2026.11.24-3 is on production", blocks: RELEASE });
  const threadSequence = await post({ from: "jonas", text: "ledger-sync answers 503 since a minute ago. Circuit open, nothing lost, 40 wait." });
  const status = await post({ from: "jonas", text: "Their status page says “degraded”, no estimate." });
  for (const from of ["mara", "tomas", "ines"]) await react(status, from, "eyes");
  await react(status, "priya", "pray");
  await post({ from: "mara", text: "I asked them on the phone. A migration holds a lock on `entries`; they expect to be back at 12:10." });
  await post({ from: "tomas", text: "When it closes, 214 go out at once. Their limit was 20 a second, so I set it:\n```\nninefold subscriptions update sub_01m85v…k3 --rate 20/s --order by-event\n```" });
  await post({ from: "priya", text: "@ines_carvalho can you tell finance that today’s invoices come late, but come?" });
  await post({ from: "ines", text: "Told them. They close the day at 17:00, so there is room." });
  for (const line of THREAD) await post({ ...line, thread_sequence: threadSequence });
  return { channelId, threadSequence };
}
