import { render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { forget, readRemembered, recall, remember } from "$/systems/video/upload/remembered";
import UploadRow from "$/systems/video/upload/UploadRow.svelte";
import { uploads, type UploadItem } from "$/systems/video/upload/uploads.svelte";

import { title } from "./sample";

const UPLOAD = { name: "salt line.mp4", size: 9_000, lastModified: 1_700_000_000_000, uploadId: "vup_1", titleId: "vtl_1" };

beforeEach(() => localStorage.clear());
afterEach(() => {
  vi.unstubAllGlobals();
  for (const { key } of uploads.all) uploads.stop(key);
});

test("an upload is known by its file's name, size and time", () => {
  remember(UPLOAD);
  expect(recall({ name: "salt line.mp4", size: 9_000, lastModified: 1_700_000_000_000 })).toEqual(UPLOAD);
  expect(recall({ name: "salt line.mp4", size: 9_001, lastModified: 1_700_000_000_000 })).toBeUndefined();
  forget("vup_1");
  expect(readRemembered()).toEqual([]);
});

test("no more than twenty are kept, and what isn't ours does no harm", () => {
  for (let at = 0; at < 25; at++) remember({ ...UPLOAD, uploadId: `vup_${at}` });
  expect(readRemembered()).toHaveLength(20);
  localStorage.setItem("video.uploads", "{");
  expect(readRemembered()).toEqual([]);
});

/** A server of tus that has so many bytes; the answer to a PATCH waits until it is let go. */
function serve(bytes = 0): { requests: string[]; go: () => void } {
  const waiting: (() => void)[] = [];
  const served = { requests: [] as string[], go: () => waiting.splice(0).forEach((each) => each()) };
  let offset = bytes;
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    served.requests.push(`${init.method} ${address.split("/").at(-1)}`);
    if (init.method === "POST") return new Response(null, { status: 201, headers: { Location: "/api/v1/video/uploads/vup_new", "Ninefold-Title": "vtl_new" } });
    if (init.method === "PATCH") {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        init.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      });
      offset += (init.body as Blob).size;
    }
    return new Response(null, { headers: { "Upload-Offset": String(offset) } });
  });
  return served;
}

const file = (name = "salt line.mp4"): File => new File([new Uint8Array(9_000)], name, { lastModified: 1_700_000_000_000 });
const state = (name = "salt line.mp4"): string | undefined => uploads.all.find((each) => each.name === name)?.state;

test("a file is announced, sent and forgotten", async () => {
  const server = serve();
  uploads.add([file()]);
  await expect.poll(() => server.requests).toEqual(["POST uploads", "HEAD vup_new", "PATCH vup_new"]);
  expect(recall(file())?.uploadId).toBe("vup_new");
  server.go();
  await expect.poll(() => state()).toBe("uploaded");
  expect(uploads.all[0]).toMatchObject({ titleId: "vtl_new", offset: 9_000 });
  expect(readRemembered()).toEqual([]);
});

test("the same file goes on where the server is, without another upload", async () => {
  remember(UPLOAD);
  const server = serve(5_000);
  uploads.add([file()]);
  await expect.poll(() => server.requests).toEqual(["HEAD vup_1", "PATCH vup_1"]);
  server.go();
  await expect.poll(() => state()).toBe("uploaded");
});

test("a pause ends sending, and going on asks where the server is", async () => {
  const server = serve();
  uploads.add([file()]);
  await expect.poll(() => server.requests).toHaveLength(3);
  uploads.pause(uploads.all[0]!.key);
  expect(state()).toBe("paused");
  await expect.poll(() => uploads.isUploading).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 0));
  uploads.resume(uploads.all[0]!.key);
  await expect.poll(() => server.requests.slice(3)).toEqual(["HEAD vup_new", "PATCH vup_new"]);
  server.go();
  await expect.poll(() => state()).toBe("uploaded");
});

test("two are sent at once, and what is empty says so", async () => {
  const server = serve();
  uploads.add([file("a.mp4"), file("b.mp4"), file("c.mp4"), new File([], "d.mp4")]);
  expect(uploads.all.map(({ name, state: each }) => `${name} ${each}`)).toEqual(["d.mp4 failed", "c.mp4 queued", "b.mp4 uploading", "a.mp4 uploading"]);
  await expect.poll(() => server.requests.filter((each) => each.startsWith("PATCH"))).toHaveLength(2);
  server.go();
  await expect.poll(() => state("c.mp4")).not.toBe("queued");
});

test("a row says how far an upload is, and what helps", () => {
  const item: UploadItem = { key: "k", name: "salt_line.mp4", size: 2_500_000, state: "uploading", offset: 500_000, bytesPerS: 100_000, uploadId: "vup_1", titleId: "vtl_1", error: "" };
  render(UploadRow, { item, title: title({ upload: null }), onchoose: () => undefined });
  expect(screen.getByText("0.5 of 2.5 MB · 100 KB/s · about 20 s to upload · 9 of 16 parts ready")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Play" }).getAttribute("href")).toBe("/video/titles/vtl_1?play");
  render(UploadRow, { item: { ...item, state: "interrupted" }, title: undefined, onchoose: () => undefined });
  expect(screen.getByRole("button", { name: "Choose the file" })).toBeTruthy();
  render(UploadRow, { item: { ...item, state: "uploaded" }, title: title({ status: "failed", why: "It is a PDF document.", playableAt: null }), onchoose: () => undefined });
  expect(screen.getByRole("alert").textContent).toBe("It is a PDF document.");
});
