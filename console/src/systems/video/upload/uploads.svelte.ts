// The uploads of this browser. They go on while one looks at other pages, and after a reload with the same file.

import { NoAnswerError, RefusedError } from "$/services/http";
import { createUpload, endUpload, sendUpload } from "$/services/tus";

import { nameOfFile } from "../words";
import { forget, readRemembered, recall, remember } from "./remembered";

/** Two, so that a small file doesn't wait for a large one. */
const AT_ONCE = 2;
const SPEED_MS = 8_000;

/** `interrupted`: the file has to be chosen again, because a page can't read it by itself after a reload. */
export type UploadState = "queued" | "uploading" | "paused" | "interrupted" | "uploaded" | "failed";

export interface UploadItem {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly state: UploadState;
  /** What the server has committed. */
  readonly offset: number;
  readonly bytesPerS: number | null;
  /** Nothing before it is announced, and once it was refused. */
  readonly uploadId: string | null;
  readonly titleId: string | null;
  readonly error: string;
}

interface Sample {
  readonly at: number;
  readonly offset: number;
}

class Uploads {
  all = $state.raw<readonly UploadItem[]>([]);
  #files = new Map<string, File>();
  #running = new Map<string, AbortController>();
  #samples = new Map<string, readonly Sample[]>();

  constructor() {
    this.all = readRemembered().map(({ name, size, uploadId, titleId }) => newItem({ key: uploadId, name, size, uploadId, titleId, state: "interrupted" }));
    window.addEventListener("beforeunload", (event) => {
      if (this.isUploading) event.preventDefault();
    });
  }

  get isUploading(): boolean {
    return this.all.some(({ state }) => state === "uploading" || state === "queued");
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (file.size === 0) {
        this.all = [newItem({ key: crypto.randomUUID(), name: file.name, size: 0, state: "failed", error: "The file is empty. Choose one that has a film in it." }), ...this.all];
        continue;
      }
      const known = recall(file);
      const key = known?.uploadId ?? crypto.randomUUID();
      const existing = this.all.find((each) => each.key === key);
      this.#files.set(key, file);
      if (existing) this.#change(key, { state: "queued", error: "" });
      else this.all = [newItem({ key, name: file.name, size: file.size, uploadId: known?.uploadId ?? null, titleId: known?.titleId ?? null, state: "queued" }), ...this.all];
    }
    this.#next();
  }

  pause(key: string): void {
    this.#running.get(key)?.abort();
    this.#change(key, { state: "paused", bytesPerS: null });
  }

  resume(key: string): void {
    if (!this.#files.has(key)) return;
    this.#change(key, { state: "queued", error: "" });
    this.#next();
  }

  /** Send no more of it; the title is canceled elsewhere. */
  stop(key: string): void {
    this.#running.get(key)?.abort();
    const item = this.all.find((each) => each.key === key);
    if (item?.uploadId) forget(item.uploadId);
    this.#files.delete(key);
    this.all = this.all.filter((each) => each.key !== key);
  }

  /** Send no more of it, and have the server delete what it has. */
  async cancel(key: string): Promise<void> {
    const item = this.all.find((each) => each.key === key);
    this.stop(key);
    if (item?.uploadId && item.state !== "uploaded") await endUpload(item.uploadId).catch(() => undefined);
  }

  #next(): void {
    // What was added first is sent first.
    const waiting = this.all.filter(({ state }) => state === "queued").toReversed();
    for (const item of waiting.slice(0, Math.max(0, AT_ONCE - this.#running.size))) void this.#run(item.key);
  }

  async #run(key: string): Promise<void> {
    const file = this.#files.get(key);
    if (!file || this.#running.has(key)) return;
    const control = new AbortController();
    this.#running.set(key, control);
    this.#samples.set(key, []);
    this.#change(key, { state: "uploading", error: "" });
    try {
      const uploadId = await this.#uploadIdOf(key, file);
      if (control.signal.aborted) return;
      await sendUpload(uploadId, file, { onoffset: (offset) => this.#progress(key, offset), signal: control.signal });
      forget(uploadId);
      this.#files.delete(key);
      this.#change(key, { state: "uploaded", offset: file.size, bytesPerS: null });
    } catch (error) {
      if (!control.signal.aborted) this.#fail(key, error);
    } finally {
      this.#running.delete(key);
      this.#next();
    }
  }

  async #uploadIdOf(key: string, file: File): Promise<string> {
    const known = this.all.find((each) => each.key === key)?.uploadId;
    if (known) return known;
    const created = await createUpload(file, nameOfFile(file.name));
    remember({ name: file.name, size: file.size, lastModified: file.lastModified, ...created });
    this.#change(key, created);
    return created.uploadId;
  }

  #fail(key: string, error: unknown): void {
    const item = this.all.find((each) => each.key === key);
    if (error instanceof RefusedError) {
      // What the server doesn't want or has no more isn't gone on with.
      if (item?.uploadId) forget(item.uploadId);
      const { detail, remedy } = error.problem;
      this.#change(key, { state: "failed", uploadId: null, bytesPerS: null, error: remedy ? `${detail} ${remedy}` : detail });
    } else {
      const text = error instanceof NoAnswerError ? "The server doesn’t answer. Go on when the connection is back." : "The file couldn’t be read. Was it moved or changed?";
      this.#change(key, { state: "failed", bytesPerS: null, error: text });
    }
  }

  #progress(key: string, offset: number): void {
    const now = performance.now();
    const samples = [...(this.#samples.get(key) ?? []), { at: now, offset }].filter(({ at }) => now - at < SPEED_MS);
    this.#samples.set(key, samples);
    const [first] = samples;
    const bytesPerS = first && now - first.at > 500 ? ((offset - first.offset) * 1_000) / (now - first.at) : null;
    this.#change(key, { offset, bytesPerS });
  }

  #change(key: string, changes: Partial<UploadItem>): void {
    this.all = this.all.map((each) => (each.key === key ? { ...each, ...changes } : each));
  }
}

function newItem(given: Pick<UploadItem, "key" | "name" | "size" | "state"> & Partial<UploadItem>): UploadItem {
  return { offset: 0, bytesPerS: null, uploadId: null, titleId: null, error: "", ...given };
}

export const uploads = new Uploads();
