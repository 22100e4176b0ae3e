// Uploads that can be resumed, by tus 1.0 (https://tus.io/protocols/resumable-upload): what the server has, it keeps.

import { NoAnswerError, RefusedError, send } from "./http";

const PATH = "/video/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const PIECE_BYTES_MIN = 64 * 1024;
const PIECE_BYTES_FIRST = 256 * 1024;
const PIECE_BYTES_MAX = 8 * 1024 * 1024;
/** Pieces are made as large as can be sent in about this time: progress is told, and little is sent twice. */
const PIECE_MS = 1_000;
const RETRY_MS_MAX = 10_000;
/** The offset is another one, or somebody else is sending: asking for the offset helps. */
const ASK_AGAIN = [409, 423, 460];

export interface Created {
  readonly uploadId: string;
  readonly titleId: string;
}

/** Announce a file. Nothing of it is sent yet. */
export async function createUpload(file: File, title: string): Promise<Created> {
  const response = await send("POST", PATH, {
    headers: { ...VERSION, "Upload-Length": String(file.size), "Upload-Metadata": metadata({ filename: file.name, filetype: file.type, title }) },
  });
  const uploadId = response.headers.get("Location")?.split("/").at(-1) ?? "";
  return { uploadId, titleId: response.headers.get("Ninefold-Title") ?? "" };
}

/** Send what the server doesn't have yet, until it has all or the signal ends it. Without a connection it is tried again. */
export async function sendUpload(uploadId: string, file: Blob, { onoffset, signal }: { onoffset: (offset: number) => void; signal: AbortSignal }): Promise<void> {
  let size = PIECE_BYTES_FIRST;
  let failures = 0;
  let offset: number | undefined;
  while (offset === undefined || offset < file.size) {
    try {
      offset ??= await askOffset(uploadId, signal);
      onoffset(offset);
      if (offset >= file.size) return;
      const began = performance.now();
      offset = await sendPiece(uploadId, offset, file.slice(offset, offset + size), signal);
      failures = 0;
      size = nextSize(size, performance.now() - began);
      onoffset(offset);
    } catch (error) {
      if (signal.aborted || !isWorthAnother(error)) throw error;
      offset = undefined;
      size = PIECE_BYTES_MIN;
      await pause(Math.min(RETRY_MS_MAX, 500 * 2 ** failures++), signal);
    }
  }
}

/** End an upload, and have the server delete what it has of it. */
export async function endUpload(uploadId: string): Promise<void> {
  await send("DELETE", `${PATH}/${uploadId}`, { headers: VERSION });
}

async function askOffset(uploadId: string, signal: AbortSignal): Promise<number> {
  return offsetOf(await send("HEAD", `${PATH}/${uploadId}`, { headers: VERSION, signal }));
}

async function sendPiece(uploadId: string, offset: number, body: Blob, signal: AbortSignal): Promise<number> {
  const headers = { ...VERSION, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
  return offsetOf(await send("PATCH", `${PATH}/${uploadId}`, { headers, body, signal }));
}

function offsetOf(response: Response): number {
  const offset = Number(response.headers.get("Upload-Offset") ?? Number.NaN);
  if (!Number.isSafeInteger(offset)) throw new NoAnswerError();
  return offset;
}

/** Return the next piece's size: twice or half of this one's, if that comes closer to the time. */
export function nextSize(size: number, tookMs: number): number {
  if (tookMs < PIECE_MS / 2) return Math.min(PIECE_BYTES_MAX, size * 2);
  if (tookMs > PIECE_MS * 2) return Math.max(PIECE_BYTES_MIN, Math.floor(size / 2));
  return size;
}

function isWorthAnother(error: unknown): boolean {
  if (error instanceof RefusedError) return ASK_AGAIN.includes(error.problem.status) || error.problem.status >= 500;
  return error instanceof NoAnswerError;
}

/** Pairs of a key and its value in Base64, as the protocol has them. */
export function metadata(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
