// What the shell needs to know of video.

import Clapperboard from "@lucide/svelte/icons/clapperboard";

import { listTitles } from "$/services/video";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";

export const video: ConsoleSystem = {
  name: "video",
  title: "Video",
  key: "v",
  place: 7,
  icon: Clapperboard,
  mark: Mark,
  overview: () => import("./Overview.svelte"),
  routes: [
    { pattern: "/video", load: () => import("./home/Home.svelte") },
    { pattern: "/video/titles", load: () => import("./titles/Titles.svelte") },
    { pattern: "/video/titles/:id", load: () => import("./watch/Watch.svelte") },
    { pattern: "/video/upload", load: () => import("./upload/Upload.svelte") },
    { pattern: "/video/experience", load: () => import("./experience/Experience.svelte") },
  ],
  pages: [
    { name: "Watch", kind: "video", href: "/video" },
    { name: "Titles", kind: "video", href: "/video/titles" },
    { name: "Upload a film", kind: "video", href: "/video/upload" },
    { name: "Experience: join time, rebuffering, failures", kind: "video", href: "/video/experience" },
  ],
  find: async () => (await listTitles()).items.map(({ name, titleId }) => ({ name, kind: "title", href: `/video/titles/${titleId}` })),
  search: (text) => [{ name: `Titles like “${text}”`, kind: "video", href: `/video?q=${encodeURIComponent(text)}` }],
  idLinks: new Map([["vtl", (id) => `/video/titles/${id}`]]),
};
