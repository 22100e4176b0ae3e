import { expect, test } from "vitest";

import { hrefOfId } from "$/lib/ids";
import { matchText } from "$/systems/video/home/match";
import { isTitleStatus, titleShown } from "$/systems/video/states";
import { video } from "$/systems/video/system";
import { bitrateText, bytesOfText, bytesText, etaText, lengthText, maturityText, nameOfFile, shareText, timecode } from "$/systems/video/words";

test("places and lengths are told as people do", () => {
  expect([0, 148.9, 3_729, -1].map(timecode)).toEqual(["0:00", "2:28", "1:02:09", "0:00"]);
  expect([0.2, 20, 360, 3_780, 3_599].map(lengthText)).toEqual(["1 s", "20 s", "6 min", "1 h 3 min", "1 h"]);
  expect([null, 0.2, 11, 540].map(etaText)).toEqual(["–", "under 1 s", "about 15 s", "about 9 min"]);
});

test("sizes and rates have the unit of the whole", () => {
  expect([bytesOfText(1_900_000_000, 2_500_000_000), bytesOfText(5, 5), bytesOfText(300_000, 30_000_000)]).toEqual(["1.9 of 2.5 GB", "5 bytes", "0.3 of 30.0 MB"]);
  expect([bytesText(999), bytesText(161_000), bytesText(0)]).toEqual(["999 bytes", "161 KB", "0 bytes"]);
  expect([bitrateText(5_000_000), bitrateText(128_000)]).toEqual(["5.0 Mbit/s", "128 kbit/s"]);
  expect([shareText(0), shareText(null), maturityText(12), maturityText(0)]).toEqual(["0.00 %", "–", "12+", ""]);
});

test("a file's name becomes a title's", () => {
  expect(["salt_line.mp4", "A.Film.2026.mkv", ".mp4"].map(nameOfFile)).toEqual(["salt line", "A Film 2026", ".mp4"]);
});

test("a title that is uploaded and encoded says both", () => {
  expect(titleShown({ status: "uploading", chunksTotal: 4 }).word).toBe("Uploading and encoding");
  expect([titleShown({ status: "uploading", chunksTotal: 0 }).word, titleShown({ status: "processing", chunksTotal: 9 }).word]).toEqual(["Uploading", "Encoding"]);
  expect([isTitleStatus("ready"), isTitleStatus("gone"), isTitleStatus(null)]).toEqual(["ready", undefined, undefined]);
});

test("what a search has found says why, unless it is the title's own name", () => {
  expect(matchText({ matches: [{ field: "name", text: "narvik", isExact: true }] })).toBeUndefined();
  expect(matchText({ matches: [{ field: "name", text: "narvik", isExact: false }] })).toBe("like “narvik”");
  expect(matchText({ matches: [{ field: "tags", text: "sea", isExact: true }] })).toBe("tag sea");
});

test("an id leads to its title", () => {
  expect(hrefOfId(video.idLinks, "vtl_01m8cw9b4tfjzr8gfkvfvfjcpy")).toBe("/video/titles/vtl_01m8cw9b4tfjzr8gfkvfvfjcpy");
});
