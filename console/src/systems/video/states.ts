// The states of titles and of their chunks, in the words that all systems share.

import type { StateName } from "$/components/states";
import type { Title, TitleStatus } from "$/services/video";

export interface Shown {
  readonly name: StateName;
  readonly word: string;
}

const STATUS: Readonly<Record<TitleStatus, Shown>> = {
  uploading: { name: "running", word: "Uploading" },
  processing: { name: "running", word: "Encoding" },
  ready: { name: "succeeded", word: "Ready" },
  failed: { name: "failed", word: "Failed" },
  canceled: { name: "canceled", word: "Canceled" },
};

export const TITLE_STATUSES = Object.keys(STATUS) as readonly TitleStatus[];

export function isTitleStatus(text: string | null): TitleStatus | undefined {
  return TITLE_STATUSES.find((status) => status === text);
}

export function statusShown(status: TitleStatus): Shown {
  return STATUS[status];
}

/** How a title stands: one that is uploaded may be encoded at the same time. */
export function titleShown(title: Pick<Title, "status" | "chunksTotal">): Shown {
  if (title.status === "uploading" && title.chunksTotal > 0) return { name: "running", word: "Uploading and encoding" };
  return STATUS[title.status];
}

export function isOver(status: TitleStatus): boolean {
  return ["ready", "failed", "canceled"].includes(status);
}
