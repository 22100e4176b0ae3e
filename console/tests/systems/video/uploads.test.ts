import { beforeEach, expect, test } from "vitest";

import { forget, readRemembered, recall, remember } from "$/systems/video/upload/remembered";

const UPLOAD = { name: "salt line.mp4", size: 9_000, lastModified: 1_700_000_000_000, uploadId: "vup_1", titleId: "vtl_1" };

beforeEach(() => localStorage.clear());

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
