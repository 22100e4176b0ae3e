import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { hrefOfId } from "$/lib/ids";
import type { DispatchInput, WorkflowFile } from "$/services/workflows";
import { Form } from "$/lib/form.svelte";
import { brokenOf } from "$/systems/workflows/latest.svelte";
import { allDays, axisNumber, axisTime, runnerCommand, waitSeries } from "$/systems/workflows/queue/words";
import { firstShown, notesKey } from "$/systems/workflows/run/chosen";
import Notes from "$/systems/workflows/run/Notes.svelte";
import { artifactsText, isTag, isUnreadable, jobsText, notesText, originText, refText, sizeText, workflowText } from "$/systems/workflows/run/words";
import DispatchForm from "$/systems/workflows/runs/DispatchForm.svelte";
import { faultOf, firstValues, sentValues } from "$/systems/workflows/runs/inputs";
import { isRunStatus, runnerShown, RUN_STATUSES, statusShown } from "$/systems/workflows/states";
import { workflows } from "$/systems/workflows/system";
import { spanText, tookText } from "$/systems/workflows/times";

import { job, run } from "./sample";

function input(changes: Partial<DispatchInput>): DispatchInput {
  return { name: "target", type: "string", description: null, required: false, default: null, options: [], ...changes };
}

const INPUTS = [
  input({ name: "version", required: true, description: "The version" }),
  input({ name: "count", type: "number", default: "3" }),
  input({ name: "dry", type: "boolean", default: "true" }),
  input({ name: "where", type: "choice", options: ["staging", "production"] }),
  input({ name: "room", type: "environment" }),
];

test("a form of inputs begins with their defaults", () => {
  expect(firstValues(INPUTS)).toEqual({ version: "", count: "3", dry: "true", where: "staging", room: "" });
});

test("what is missing or of the wrong type is named", () => {
  expect(INPUTS.map((each) => faultOf(each, "x y"))).toEqual([undefined, "A number, such as 42 or 1.5.", undefined, "One of the options.", undefined]);
  expect(INPUTS.map((each) => faultOf(each, " "))).toEqual(["This is required.", undefined, undefined, undefined, undefined]);
  expect(["1", "-1.5", "1e3", ".5"].map((value) => faultOf(input({ type: "number" }), value))).toEqual([undefined, undefined, undefined, undefined]);
});

test("what is empty isn't sent, unless it empties a default", () => {
  expect(sentValues(INPUTS, { version: "1.2", count: "", dry: "false", where: "production", room: " " })).toEqual({ version: "1.2", count: "", dry: "false", where: "production" });
});

test("the form has a field of its own for each type", async () => {
  const workflow: WorkflowFile = { file: "deploy.yml", name: "Deploy", state: "readable", events: [], problems: [], hasDispatch: true, inputs: INPUTS, lastRun: null };
  render(DispatchForm, { workflow, ref: "main", values: firstValues(INPUTS), priority: "high", form: new Form(), isTried: true });
  expect((screen.getByLabelText("Branch or tag") as HTMLInputElement).value).toBe("main");
  expect((screen.getByLabelText(/^dry/) as HTMLInputElement).checked).toBe(true);
  expect([...(screen.getByLabelText("where") as HTMLSelectElement).options].map(({ value }) => value)).toEqual(["staging", "production"]);
  expect(screen.getByLabelText("The version").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText("This is required.")).toBeTruthy();
  expect((screen.getByLabelText("Priority") as HTMLSelectElement).value).toBe("high");
});

test("states are told in the words of all systems", () => {
  expect(RUN_STATUSES.map((status) => statusShown(status).word)).toEqual(["Waiting", "Queued", "Running", "Succeeded", "Failed", "Canceled", "Skipped"]);
  expect([isRunStatus("failed"), isRunStatus("gone"), runnerShown("lost").name]).toEqual(["failed", undefined, "failed"]);
});

test("durations are whole seconds that count", () => {
  expect([400, 41_900, 92_000, -5].map(spanText)).toEqual(["0.4 s", "41 s", "1 min 32 s", "0 s"]);
  expect(tookText({ startedAt: "2026-11-27T12:00:00Z", endedAt: null }, Date.parse("2026-11-27T12:03:42Z"))).toBe("3 min 42 s");
  expect(tookText({ startedAt: null, endedAt: null }, 0)).toBe("");
});

test("a run says who started it, how far it is and what it has left", () => {
  expect([originText(run()), originText(run({ event: "schedule" })), originText(run({ actor: "API key key_01m8fg9m11f0q8a3dnaxe9q23p" })), originText(run({ event: "workflow_dispatch" }))]).toEqual(["pushed by Tomas Okafor", "by schedule", "pushed by API key key_…e9q23p", "run by hand by Tomas Okafor"]);
  expect([jobsText(run({ jobCounts: { succeeded: 4, failed: 1, queued: 5 } })), jobsText(run({ jobCounts: { succeeded: 2 } }))]).toEqual(["5 of 10 ended", "2"]);
  expect(notesText([{ level: "warning" }, { level: "error" }, { level: "warning" }])).toBe("1 error, 2 warnings");
  expect(artifactsText([{ size: 17_000_000 }, { size: 1_000_000 }])).toBe("2, 18 MB");
  expect([312, 1_400, 2_000_000_000].map(sizeText)).toEqual(["312 bytes", "1.4 KB", "2 GB"]);
  expect([isTag(run()), isTag(run({ branch: null, ref: "refs/tags/v1" }))]).toEqual([false, true]);
  expect(originText(run({ event: "repository_dispatch" }))).toBe("sent by Tomas Okafor");
  expect([isUnreadable(run({ status: "failed", jobCounts: {} })), isUnreadable(run({ status: "failed", jobCounts: { failed: 1 } })), isUnreadable(run({ status: "queued", jobCounts: {} }))]).toEqual([true, false, false]);
  expect([refText(run()), refText(run({ branch: null, ref: "refs/tags/v1" }))]).toEqual(["main", "v1"]);
  const file = ".github/workflows/broken.yml";
  expect([workflowText(run()), workflowText(run({ workflow: { file, name: file } }))]).toEqual(["CI", "broken.yml"]);
});

test("a run shows first what has failed, then what runs", () => {
  const jobs = [job("a"), job("b", { status: "running" }), job("c", { status: "failed" })];
  expect([firstShown(jobs)?.key, firstShown(jobs.slice(0, 2))?.key, firstShown(jobs.slice(0, 1))?.key, firstShown([])]).toEqual(["c", "b", "a", undefined]);
  expect(notesKey(jobs)).not.toBe(notesKey([...jobs.slice(0, 2), job("c", { status: "failed", annotationCounts: { error: 1 } })]));
});

test("a workflow is broken until a later run of the same branch", () => {
  const now = Date.parse("2026-11-27T13:00:00Z");
  const failed = run({ status: "failed", number: 7, endedAt: "2026-11-27T12:30:00Z" });
  const later = run({ status: "succeeded", number: 8 });
  const other = run({ status: "succeeded", number: 9, ref: "refs/heads/next" });
  expect(brokenOf([other, failed], [failed], now)).toEqual([failed]);
  expect(brokenOf([later, failed], [failed], now)).toEqual([]);
  expect(brokenOf([failed], [failed], now + 2 * 86_400_000)).toEqual([]);
});

test("days without a job are days, too", () => {
  const days = allDays([{ day: "2026-11-26", jobs: 4, minutes: 9, queueP50S: 1, queueP95S: 3 }], 3, new Date("2026-11-27T10:00:00Z"));
  expect(days.map(({ day, jobs }) => `${day} ${jobs}`)).toEqual(["2026-11-25 0", "2026-11-26 4", "2026-11-27 0"]);
  expect(waitSeries(days)[1]?.values).toEqual([null, 1, null]);
  expect(runnerCommand("https://ci.example.com", "nfreg_1")).toContain("ninefold runner --url 'https://ci.example.com' --token 'nfreg_1'");
});

test("the axis of a chart has short numbers and times", () => {
  expect([0, 0.05, 5, 12_500].map(axisNumber)).toEqual(["0", "0.05", "5", "13k"]);
  expect([0, 0.5, 30, 150, 10_800].map(axisTime)).toEqual(["0 s", "0.5 s", "30 s", "2.5 min", "3 h"]);
});

test("annotations lead to their step, and a summary can't run anything", async () => {
  const notes = {
    annotations: [{ job: "test", step: 3, level: "error" as const, message: "1 failed", title: null, file: "tests/test_tax.py", line: 12, endLine: null, column: null, endColumn: null, remedy: null }],
    summaries: [{ jobId: "wjob_test", key: "test", name: "test", step: 3, stepName: "Run the tests", markdown: "## Passed\n\n<script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |" }],
    artifacts: [],
  };
  const { container } = render(Notes, { notes, isLoaded: true, error: null, jobs: [job("test")], jobHref: ({ key }) => `/run?job=${key}` });
  expect(screen.getAllByRole("link", { name: "test" })[0]?.getAttribute("href")).toBe("/run?job=test#step:3");
  expect(screen.getByText("tests/test_tax.py:12")).toBeTruthy();
  expect(await screen.findByRole("heading", { name: "Passed" })).toBeTruthy();
  expect(container.querySelector("script")).toBeNull();
});

test.each([
  ["wrun_01m8cw9b4tfjzr8gfkvfvfjcpy", "/workflows/runs/wrun_01m8cw9b4tfjzr8gfkvfvfjcpy"],
  ["wjob_01m8cw9b4tfjzr8gfkvfvfjcpy", "/workflows/jobs/wjob_01m8cw9b4tfjzr8gfkvfvfjcpy"],
  ["repo_01m8cw9b4tfjzr8gfkvfvfjcpy", "/workflows/repositories/repo_01m8cw9b4tfjzr8gfkvfvfjcpy"],
])("the id %s leads to %s", (id, expected) => {
  expect(hrefOfId(workflows.idLinks, id)).toBe(expected);
});
