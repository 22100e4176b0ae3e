// What the shell needs to know of workflows.

import WorkflowIcon from "@lucide/svelte/icons/workflow";

import { listRepositories } from "$/services/workflows";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";

export const workflows: ConsoleSystem = {
  name: "workflows",
  title: "Workflows",
  key: "r",
  place: 3,
  icon: WorkflowIcon,
  mark: Mark,
  overview: () => import("./Overview.svelte"),
  routes: [
    { pattern: "/workflows", load: () => import("./runs/Runs.svelte") },
    { pattern: "/workflows/runs/:id", load: () => import("./run/Run.svelte") },
    { pattern: "/workflows/jobs/:id", load: () => import("./JobLink.svelte") },
    { pattern: "/workflows/repositories", load: () => import("./repositories/Repositories.svelte") },
    { pattern: "/workflows/repositories/:id", load: () => import("./repositories/Repository.svelte") },
    { pattern: "/workflows/values", load: () => import("./repositories/OrganisationValues.svelte") },
    { pattern: "/workflows/queue", load: () => import("./queue/Queue.svelte") },
    { pattern: "/workflows/runners", load: () => import("./queue/Runners.svelte") },
  ],
  pages: [
    { name: "Runs", kind: "workflows", href: "/workflows" },
    { name: "Repositories", kind: "workflows", href: "/workflows/repositories" },
    { name: "Queue of jobs", kind: "workflows", href: "/workflows/queue" },
    { name: "Runners", kind: "workflows", href: "/workflows/runners" },
    { name: "Add a runner", kind: "workflows", href: "/workflows/runners?new" },
    { name: "Secrets and variables of workflows", kind: "workflows", href: "/workflows/values" },
  ],
  find: async () => (await listRepositories()).items.map(({ fullName, repositoryId }) => ({ name: fullName, kind: "repository", href: `/workflows/repositories/${repositoryId}` })),
  search: (text) => [{ name: `Runs of the branch “${text}”`, kind: "search", href: `/workflows?branch=${encodeURIComponent(text)}` }],
  idLinks: new Map([
    ["wrun", (id) => `/workflows/runs/${id}`],
    ["wjob", (id) => `/workflows/jobs/${id}`],
    ["repo", (id) => `/workflows/repositories/${id}`],
  ]),
};
