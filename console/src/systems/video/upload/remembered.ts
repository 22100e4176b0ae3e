// Uploads that aren't complete, kept in the browser: choosing the same file again goes on with them.

const KEY = "video.uploads";
const REMEMBERED_MAX = 20;

export interface Remembered {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
  readonly uploadId: string;
  readonly titleId: string;
}

type Print = Pick<Remembered, "name" | "size" | "lastModified">;

// Storage may be denied, or have something else there.
export function readRemembered(): readonly Remembered[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(read) ? (read as Remembered[]) : [];
  } catch {
    return [];
  }
}

export function remember(upload: Remembered): void {
  write([upload, ...readRemembered().filter(({ uploadId }) => uploadId !== upload.uploadId)].slice(0, REMEMBERED_MAX));
}

export function forget(uploadId: string): void {
  write(readRemembered().filter((each) => each.uploadId !== uploadId));
}

/** The upload that this file is, if its name, size and time are the same. */
export function recall(file: Print): Remembered | undefined {
  return readRemembered().find(({ name, size, lastModified }) => name === file.name && size === file.size && lastModified === file.lastModified);
}

function write(uploads: readonly Remembered[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(uploads));
  } catch {
    return;
  }
}
