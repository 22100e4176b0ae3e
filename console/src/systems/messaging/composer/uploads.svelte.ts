// Files that are being uploaded, or that wait to be sent with the next message.

import { RefusedError } from "$/services/http";
import { deleteFile, uploadFile } from "$/services/messaging";

import type { AttachedFile } from "../sending/outgoing";

export const FILES_MAX = 10;

export interface Upload {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly fileId: string | null;
  readonly error: string;
}

export class Uploads {
  all = $state.raw<readonly Upload[]>([]);
  #running = new Map<string, AbortController>();
  #files = new Map<string, File>();

  get isUploading(): boolean {
    return this.all.some(({ fileId, error }) => fileId === null && !error);
  }

  get hasFailed(): boolean {
    return this.all.some(({ error }) => error !== "");
  }

  get attached(): AttachedFile[] {
    return this.all.flatMap(({ fileId, name, size }) => (fileId === null ? [] : [{ fileId, name, size }]));
  }

  /** Upload files, as many as a message can have. */
  add(files: Iterable<File>): void {
    for (const file of [...files].slice(0, FILES_MAX - this.all.length)) {
      const key = crypto.randomUUID();
      this.#files.set(key, file);
      this.all = [...this.all, { key, name: file.name || "image.png", size: file.size, progress: 0, fileId: null, error: "" }];
      void this.#upload(key);
    }
  }

  retry(key: string): void {
    this.#change(key, { progress: 0, error: "" });
    void this.#upload(key);
  }

  remove(key: string): void {
    this.#running.get(key)?.abort();
    const fileId = this.all.find((each) => each.key === key)?.fileId;
    if (fileId) void deleteFile(fileId).catch(() => undefined);
    this.#files.delete(key);
    this.all = this.all.filter((each) => each.key !== key);
  }

  /** Begin again with the files of a message that is taken back, or with none. */
  reset(files: readonly AttachedFile[] = []): void {
    this.#files.clear();
    this.all = files.map((file) => ({ ...file, key: file.fileId, progress: 1, error: "" }));
  }

  async #upload(key: string): Promise<void> {
    const file = this.#files.get(key);
    if (!file) return;
    const aborted = new AbortController();
    this.#running.set(key, aborted);
    const onprogress = (progress: number): void => this.#change(key, { progress });
    try {
      const { fileId } = await uploadFile(file, this.all.find((each) => each.key === key)?.name ?? file.name, { onprogress, signal: aborted.signal });
      this.#change(key, { fileId, progress: 1 });
    } catch (error) {
      const { detail, remedy } = error instanceof RefusedError ? error.problem : { detail: "The server didn't answer.", remedy: null };
      if (!aborted.signal.aborted) this.#change(key, { error: remedy ? `${detail} ${remedy}` : detail });
    } finally {
      this.#running.delete(key);
    }
  }

  #change(key: string, changes: Partial<Upload>): void {
    this.all = this.all.map((each) => (each.key === key ? { ...each, ...changes } : each));
  }
}
