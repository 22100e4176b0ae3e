// A title and its ladder, for the tests of the pages of video.

import type { Ladder, Title } from "$/services/video";

export function title(changes: Partial<Title> = {}): Title {
  return {
    titleId: "vtl_01m8cw9b4tfjzr8gfkvfvfjcpy",
    name: "Salt Line",
    description: "",
    tags: ["sea"],
    maturity: 12,
    status: "uploading",
    why: null,
    warnings: [],
    durationS: 40,
    width: 1280,
    height: 720,
    posterUrl: null,
    hlsUrl: "/stream/t1/vtl_01m8cw9b4tfjzr8gfkvfvfjcpy/master.m3u8",
    dashUrl: null,
    upload: { uploadId: "vup_01m8cw9b4tfjzr8gfkvfvfjcpy", bytesReceived: 1_900_000_000, bytesTotal: 2_500_000_000, expiresAt: "2026-11-28T12:00:00Z" },
    chunksReady: 9,
    chunksTotal: 16,
    etaS: 540,
    rungs: [],
    firstBytesAt: "2026-11-27T11:49:01.600Z",
    playableAt: "2026-11-27T11:49:03Z",
    uploadedAt: null,
    endedAt: null,
    createdAt: "2026-11-27T11:49:00Z",
    liveChannel: "video.title:vtl_01m8cw9b4tfjzr8gfkvfvfjcpy",
    ...changes,
  };
}

/** 8 chunks of 4 s of a film of 40 s: 2 more aren't uploaded. */
export function ladder(changes: Partial<Ladder> = {}): Ladder {
  return {
    chunks: Array.from({ length: 8 }, (_, number) => ({ number, startS: number * 4, durationS: 4 })),
    rungs: [
      { name: "360p", kind: "video", position: 0, states: "rrrrrrre", readyUntilS: 28 },
      { name: "720p", kind: "video", position: 1, states: "rreqaqqf", readyUntilS: 8 },
      { name: "audio", kind: "audio", position: 0, states: "", readyUntilS: 28 },
    ],
    notes: [{ at: "2026-11-27T12:03:58Z", rung: "720p", chunkNumber: 4, text: "Its worker was killed." }],
    uploadedUntilS: 32,
    etaS: 540,
    ...changes,
  };
}
