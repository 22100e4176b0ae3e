import { expect, test, vi } from "vitest";

import { Address } from "$/systems/video/player/address";
import { Beacons } from "$/systems/video/player/beacons";
import { pictureOf } from "$/systems/video/pictures";
import { readSprites, spriteAt } from "$/systems/video/player/sprites";

test("a request that a player has prepared gets the newest token", () => {
  const address = new Address({ hlsUrl: "/stream/t1/vtl_1/master.m3u8", expiresAt: null });
  expect(address.current("/stream/t1/vtl_1/360p/0.m4s")).toBe("/stream/t1/vtl_1/360p/0.m4s");
  expect(new Address({ hlsUrl: "http://films.example.com/stream/t1/vtl_1/master.m3u8", expiresAt: null }).manifest).toBe("/stream/t1/vtl_1/master.m3u8");
  address.renew({ hlsUrl: "/stream/t2/vtl_1/master.m3u8", expiresAt: null });
  address.renew({ hlsUrl: "/stream/t3/vtl_1/master.m3u8", expiresAt: null });
  expect(address.current(`${window.location.origin}/stream/t1/vtl_1/360p/0.m4s`)).toBe("/stream/t3/vtl_1/360p/0.m4s");
  expect(address.current(`${window.location.origin}/stream/t1/vtl_1/480p/5.m4s?of=360p`)).toBe("/stream/t3/vtl_1/480p/5.m4s?of=360p");
  expect(address.current("/stream/t2/vtl_1/master.m3u8")).toBe("/stream/t3/vtl_1/master.m3u8");
  expect(address.current("https://cdn.example.com/0.m4s")).toBe("https://cdn.example.com/0.m4s");
  expect(address.of("beacons")).toBe("/stream/t3/vtl_1/beacons");
});

test("a token is renewed before its end", () => {
  const now = Date.parse("2026-11-27T12:00:00Z");
  const until = (expiresAt: string | null): number | null => new Address({ hlsUrl: "/m", expiresAt }).renewInMs(now);
  expect([until(null), until("2026-11-27T13:00:00Z"), until("2026-11-27T12:01:30Z"), until("2026-11-27T12:00:10Z"), until("2026-11-27T11:00:00Z")]).toEqual([null, 54 * 60_000, 60_000, 5_000, 2_000]);
});

test("beacons have what happened and the position, each once and numbered", () => {
  vi.useFakeTimers({ now: Date.parse("2026-11-27T12:00:00Z") });
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  let positionS = 0;
  const source = { playId: "vpl_1", url: () => "/stream/t1/vtl_1/beacons", positionS: () => positionS, playedS: () => positionS, isPlaying: () => true, device: "Chrome 150 on Linux" };
  const beacons = new Beacons(source, (url, body) => void sent.push({ url, body: JSON.parse(body) as Record<string, unknown> }));
  beacons.note("join", { join_ms: 812 });
  beacons.flush();
  beacons.flush();
  positionS = 9.87654;
  vi.advanceTimersByTime(10_000);
  beacons.end();
  vi.useRealTimers();
  expect(sent.map(({ body }) => [body["sequence"], body["position_s"], body["played_s"], (body["events"] as { type: string }[]).map(({ type }) => type)])).toEqual([
    [0, 0, 0, ["join"]],
    [1, 9.877, 9.877, ["heartbeat"]],
  ]);
  expect(sent[0]?.body["events"]).toEqual([{ type: "join", at: "2026-11-27T12:00:00.000Z", join_ms: 812 }]);
});

test("a picture keeps the address that it was loaded with for a while", () => {
  const posterUrl = (token: string): string => `http://127.0.0.1:8900/stream/${token}/vtl_9/poster.jpg`;
  expect(pictureOf({ titleId: "vtl_9", posterUrl: null }, 0)).toBeUndefined();
  const urls = [1, 60_000, 3_700_000].map((now, index) => pictureOf({ titleId: "vtl_9", posterUrl: posterUrl(`t${index}`) }, now));
  expect(urls).toEqual(["/stream/t0/vtl_9/poster.jpg", "/stream/t0/vtl_9/poster.jpg", "/stream/t2/vtl_9/poster.jpg"]);
});

test("small pictures are read from WebVTT, and found by time", () => {
  const sprites = readSprites("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsprites/0.jpg#xywh=0,0,160,90\n\n00:00:02.000 --> 01:00:04.500\nsprites/0.jpg#xywh=160,0,160,90\n\nNOTE nothing\n");
  expect(sprites).toHaveLength(2);
  expect(spriteAt(sprites, 3_604)).toEqual({ startS: 2, endS: 3_604.5, file: "sprites/0.jpg", x: 160, y: 0, width: 160, height: 90 });
  expect(spriteAt(sprites, 4_000)).toBeUndefined();
});
