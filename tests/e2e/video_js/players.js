// Runs in a page: plays a title with hls.js or Shaka, set up as docs/systems/video.md says, and notes what a viewer sees.

/* global Hls, shaka */

window.play = async ({ url, player, renewUrl, expiresInS, bufferS, secondsMax, rate = 1, startS }) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const seen = {
    player, joinMs: null, stalls: 0, stallMs: 0, fatal: [], errors: [], heights: [], renewals: 0, isEnded: false,
    requests: 0, gaps: 0,
  };
  const begunAt = performance.now();
  watch(video, seen, begunAt);

  const token = renewer(url, { renewUrl, expiresInS, seen });
  const closed = player === "hls"
    ? playWithHls(video, url, { token, seen, bufferS })
    : await playWithShaka(video, url, { token, seen, bufferS, startS });

  void video.play().catch((error) => seen.errors.push(String(error)));
  video.defaultPlaybackRate = video.playbackRate = rate;
  while (!seen.isEnded && !seen.fatal.length && performance.now() - begunAt < secondsMax * 1000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const quality = video.getVideoPlaybackQuality();
  const result = {
    ...seen, position: video.currentTime, duration: video.duration, frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames, tookMs: performance.now() - begunAt,
    ranges: [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]),
  };
  await Promise.race([closed(), new Promise((resolve) => setTimeout(resolve, 2_000))]);
  video.remove();
  return result;
};

/** Notes when it begins, when it stands still, and which sizes the picture has. */
function watch(video, seen, begunAt) {
  let stalledAt = null;
  const goesOn = () => {
    if (stalledAt !== null) {
      seen.stallMs += performance.now() - stalledAt;
      stalledAt = null;
    }
  };
  video.addEventListener("playing", () => {
    seen.joinMs ??= performance.now() - begunAt;
    goesOn();
  });
  video.addEventListener("timeupdate", () => { if (video.readyState > 2) goesOn(); });
  video.addEventListener("waiting", () => {
    // At the very end of a growing title, the end itself is still to be told.
    if (seen.joinMs === null || video.seeking || stalledAt !== null) return;
    seen.stalls += 1;
    seen.stalledAt = [...(seen.stalledAt ?? []), video.currentTime];
    stalledAt = performance.now();
  });
  video.addEventListener("resize", () => seen.heights.push([Math.round(video.currentTime * 100) / 100, video.videoHeight]));
  video.addEventListener("ended", () => { goesOn(); seen.isEnded = true; });
  video.addEventListener("error", () => seen.fatal.push(`video: ${video.error?.message}`));
}

/** Returns a function that puts a valid token into an address. It gets another one before the last one expires. */
function renewer(url, { renewUrl, expiresInS, seen }) {
  const marker = "/stream/";
  let token = url.split(marker)[1].split("/")[0];
  let renewAt = performance.now() + (expiresInS ?? 1e9) * 500;
  let renewing = null;
  const renew = async () => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await fetch(renewUrl, { method: "POST" });
        if (!response.ok) throw new Error(`status ${response.status}`);
        const answer = await response.json();
        token = answer.token;
        renewAt = performance.now() + answer.expiresInS * 500;
        seen.renewals += 1;
        return;
      } catch (error) {
        if (attempt > 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  return {
    async address(asked, { isRefused = false } = {}) {
      if (renewUrl && (isRefused || performance.now() > renewAt)) {
        renewing ??= renew().finally(() => (renewing = null));
        await renewing;
      }
      const [before, after] = asked.split(marker);
      return after === undefined ? asked : `${before}${marker}${token}/${after.slice(after.indexOf("/") + 1)}`;
    },
  };
}

function playWithHls(video, url, { token, seen, bufferS }) {
  const retry = { maxNumRetry: 12, retryDelayMs: 300, maxRetryDelayMs: 4_000, backoff: "exponential" };
  // hls.js doesn't try again after a 403, which means that the token has expired, nor after a reset (status 0).
  const shouldRetry = (config, count, isTimeout, response, retries) =>
    retries || (count < config.maxNumRetry && [0, 403].includes(response?.code));
  const errorRetry = { ...retry, shouldRetry };
  const policy = { default: { maxTimeToFirstByteMs: 4_000, maxLoadTimeMs: 20_000, timeoutRetry: retry, errorRetry } };
  const hls = new Hls({
    ...(bufferS ? { maxBufferLength: bufferS, maxMaxBufferLength: bufferS } : {}),
    manifestLoadPolicy: policy, playlistLoadPolicy: policy, fragLoadPolicy: policy,
    xhrSetup: async (xhr, asked) => {
      seen.requests += 1;
      const address = await token.address(asked);
      xhr.open("GET", address, true);
    },
  });
  hls.on(Hls.Events.ERROR, (_, data) => {
    const text = `${data.type} ${data.details} ${data.response?.code ?? ""} ${data.frag?.relurl ?? ""}`;
    (data.fatal ? seen.fatal : seen.errors).push(text);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return async () => hls.destroy();
}

async function playWithShaka(video, url, { token, seen, bufferS, startS }) {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video);
  const retryParameters = { maxAttempts: 12, baseDelay: 300, backoffFactor: 1.5, fuzzFactor: 0.3, timeout: 20_000, stallTimeout: 4_000, connectionTimeout: 4_000 };
  player.configure({
    manifest: { retryParameters, dash: { ignoreMinBufferTime: true } },
    streaming: { retryParameters, bufferingGoal: bufferS ?? 20, rebufferingGoal: 0.5, failureCallback: () => player.retryStreaming(0.5) },
  });
  player.getNetworkingEngine().registerRequestFilter(async (_, request) => {
    seen.requests += 1;
    request.uris = await Promise.all(request.uris.map((asked) => token.address(asked)));
  });
  player.addEventListener("error", ({ detail }) => {
    const text = `${detail.category} ${detail.code} ${JSON.stringify(detail.data).slice(0, 200)}`;
    (detail.severity === 2 && !detail.handled ? seen.fatal : seen.errors).push(text);
  });
  void player.load(url, startS ?? null).catch((error) => {
    seen.fatal.push(`load ${error.code} ${JSON.stringify(error.data).slice(0, 200)}`);
  });
  return async () => player.destroy();
}
