// What of a title a search has found, in words.

import type { Hit } from "$/services/video";

const FIELDS = { name: "", tags: "tag ", description: "in the description: " } as const;

/** Such as `tag narvik`, or `like “narvik”` for what was written with a typing error; nothing for a title's own name. */
export function matchText({ matches }: Pick<Hit, "matches">): string | undefined {
  const [first] = matches.filter(({ field, isExact }) => field !== "name" || !isExact);
  if (!first) return undefined;
  return `${FIELDS[first.field]}${first.isExact ? first.text : `like “${first.text}”`}`;
}
