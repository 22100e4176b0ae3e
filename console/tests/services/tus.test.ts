import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RefusedError } from "$/services/http";
import { createUpload, metadata, nextSize, sendUpload } from "$/services/tus";

/** A server of tus that keeps what it gets. */
class Server {
  bytes = 0;
  requests: string[] = [];
  /** Answers given in place of the next ones. */
  faults: (() => Response)[] = [];

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const sent = new Headers(init.headers);
    this.requests.push(`${init.method} ${sent.get("Upload-Offset") ?? ""}`.trim());
    const fault = this.faults.shift();
    if (fault) return fault();
    if (init.method === "POST") return new Response(null, { status: 201, headers: { Location: `${window.location.origin}${address}/vup_1`, "Ninefold-Title": "vtl_1" } });
    if (init.method === "PATCH") this.bytes += (init.body as Blob).size;
    return new Response(null, { status: init.method === "PATCH" ? 204 : 200, headers: { "Upload-Offset": String(this.bytes) } });
  };
}

let server: Server;
beforeEach(() => {
  server = new Server();
  vi.stubGlobal("fetch", server.fetch);
});
afterEach(() => vi.unstubAllGlobals());

const FILE = new File([new Uint8Array(700_000)], "salt line.mp4", { type: "video/mp4" });
const problem = (status: number, code: string): Response => new Response(JSON.stringify({ status, code, detail: "No.", title: "No" }), { status });

test("an upload is announced with what the file is called", async () => {
  expect(await createUpload(FILE, "Salt Line")).toEqual({ uploadId: "vup_1", titleId: "vtl_1" });
  expect(metadata({ filename: "Fährte.mp4", filetype: "", title: "Salt" })).toBe("filename RsOkaHJ0ZS5tcDQ=,title U2FsdA==");
});

test("a file is sent in pieces, from where the server is", async () => {
  server.bytes = 100_000;
  const offsets: number[] = [];
  await sendUpload("vup_1", FILE, { onoffset: (offset) => offsets.push(offset), signal: new AbortController().signal });
  expect(server.bytes).toBe(700_000);
  expect(server.requests[0]).toBe("HEAD");
  expect(offsets[0]).toBe(100_000);
  expect(offsets.at(-1)).toBe(700_000);
});

test("after an answer that is no answer, the server is asked where it is", async () => {
  server.faults = [
    () => new Response(null, { headers: { "Upload-Offset": "0" } }),
    () => problem(503, "unknown"),
  ];
  await sendUpload("vup_1", FILE, { onoffset: () => undefined, signal: new AbortController().signal });
  expect(server.requests.slice(0, 3)).toEqual(["HEAD", "PATCH 0", "HEAD"]);
  expect(server.bytes).toBe(700_000);
});

test("what the server doesn't want isn't sent again", async () => {
  server.faults = [() => new Response(null, { headers: { "Upload-Offset": "0" } }), () => problem(415, "video_not_video")];
  const sent = sendUpload("vup_1", FILE, { onoffset: () => undefined, signal: new AbortController().signal });
  await expect(sent).rejects.toBeInstanceOf(RefusedError);
  expect(server.requests).toHaveLength(2);
});

test("pieces become as large as can be sent in about a second", () => {
  expect([nextSize(262_144, 100), nextSize(262_144, 900), nextSize(262_144, 3_000), nextSize(65_536, 9_000), nextSize(8_388_608, 10)]).toEqual([524_288, 262_144, 131_072, 65_536, 8_388_608]);
});
