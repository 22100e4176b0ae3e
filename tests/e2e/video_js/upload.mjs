// Uploads a file with tus-js-client, unmodified, and prints what happened as one line of JSON.
// Arguments: the endpoint, an API key, the file, and "abort" to terminate the upload once bytes were accepted.
import { createReadStream, statSync } from "node:fs";
import * as tus from "tus-js-client";

const [endpoint, apiKey, file, mode] = process.argv.slice(2);
const said = { offsets: [], retries: 0, title: null };

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${apiKey}` },
  retryDelays: [0, 100, 500, 1000],
  uploadSize: statSync(file).size,
  metadata: { filename: "quarry.mkv", title: "The quarry" },
  chunkSize: mode === "abort" ? 100_000 : Number.POSITIVE_INFINITY,
  onAfterResponse(request, response) {
    said.title ??= response.getHeader("Ninefold-Title");
    if (request.getMethod() === "HEAD") {
      said.retries += 1;
      said.offsets.push(Number(response.getHeader("Upload-Offset")));
    }
  },
  onChunkComplete(_size, accepted) {
    said.accepted = accepted;
    if (mode === "abort") upload.abort(true).then(() => end({ aborted: true }), fail);
  },
  onSuccess: () => end({ url: upload.url }),
  onError: fail,
});

function end(more) {
  console.log(JSON.stringify({ ...said, ...more, url: upload.url }));
}

function fail(error) {
  const response = error.originalResponse;
  end({ error: error.message, status: response?.getStatus() ?? null, body: response?.getBody() ?? null });
}

upload.start();
