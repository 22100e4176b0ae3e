// Verifying again, from wherever a person asks for it.

import { pendingActions } from "$/lib/actions.svelte";
import { navigate } from "$/lib/router.svelte";
import { toasts } from "$/lib/toasts.svelte";
import { reverifyCallback, reverifyCallbacks } from "$/services/callbacks";
import type { Job } from "$/services/jobs";

/** Verify quarantined callbacks again, of one source or of all. Returns the job, if the server has confirmed it. */
export async function reverify(sourceId?: string): Promise<Job | undefined> {
  const outcome = await pendingActions.perform(`reverify ${sourceId ?? "all"}`, "Verify again", () => reverifyCallbacks(sourceId));
  return outcome.kind === "confirmed" ? outcome.value : undefined;
}

/** Verify one quarantined callback again. */
export async function verifyOneAgain(callbackId: string): Promise<void> {
  const outcome = await pendingActions.perform(callbackId, "Verify again", () => reverifyCallback(callbackId));
  if (outcome.kind === "confirmed") toasts.done("Verifying again.", { detail: "The callback shows the result." });
}

/** As `reverify`, and say where its progress is. */
export async function verifyAgain(sourceId?: string): Promise<void> {
  const job = await reverify(sourceId);
  if (job) toasts.done("Verifying again.", { detail: "The job's page shows its progress.", href: jobHref(job) });
}

/** Verify again, and show the job's progress. */
export async function verifyAgainAndShow(sourceId?: string): Promise<void> {
  const job = await reverify(sourceId);
  if (job) navigate(jobHref(job));
}

/** Where the progress of a job of callbacks is. */
export function jobHref(job: Job): string {
  return `/callbacks/jobs?job=${job.jobId}`;
}
