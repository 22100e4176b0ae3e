// Reads a channel with the official client, and prints what happens, one JSON object a line:
//
//     node reader.mjs ws://127.0.0.1:8900/connection/websocket TOKEN CHANNEL
//
// A line on standard input is published.
import readline from "node:readline";
import { Centrifuge } from "centrifuge";

const [url, token, channel] = process.argv.slice(2);
const print = (event, context) => process.stdout.write(JSON.stringify({ event, ...context }) + "\n");

const client = new Centrifuge(url, { token, minReconnectDelay: 50, maxReconnectDelay: 500 });
for (const event of ["connected", "connecting", "disconnected"]) {
  client.on(event, ({ code, reason }) => print(event, { code, reason }));
}

const subscription = client.newSubscription(channel, { recoverable: true, joinLeave: true });
subscription.on("subscribed", ({ wasRecovering, recovered }) => print("subscribed", { wasRecovering, recovered }));
subscription.on("publication", ({ offset, data }) => print("publication", { offset, data }));
subscription.on("join", () => print("join", {}));
subscription.on("unsubscribed", ({ code, reason }) => print("unsubscribed", { code, reason }));
subscription.subscribe();
client.connect();

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  await subscription.publish(JSON.parse(line));
  const { clients } = await subscription.presence();
  const { data } = await client.rpc("board.echo", { from: "js" });
  print("published", { members: Object.keys(clients).length, echo: data.data });
});
