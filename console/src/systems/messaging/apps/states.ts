// How the states of apps and of what they are told become those that all systems share.

import type { StateName } from "$/components/states";
import type { App, AppDetails, AppEvent } from "$/services/messaging_apps";

interface Shown {
  readonly name: StateName;
  readonly word?: string;
}

const OF_URL: Record<App["requestUrlState"], Shown> = {
  none: { name: "waiting", word: "Socket Mode" },
  verifying: { name: "running", word: "Verifying" },
  verified: { name: "succeeded", word: "Verified" },
  failed: { name: "failed", word: "Not verified" },
};
const OF_EVENT: Record<AppEvent["state"], Shown> = {
  queued: { name: "queued" },
  sent: { name: "running", word: "Sent" },
  retrying: { name: "retrying" },
  delivered: { name: "succeeded", word: "Delivered" },
  failed: { name: "failed" },
};
const REASONS: Readonly<Record<string, string>> = {
  timeout: "no answer within 3 s",
  http_timeout: "no answer within 3 s",
  http_error: "its answer wasn't a 2xx",
  connection_failed: "it couldn't be reached",
  ssl_error: "its certificate isn't valid",
  connection_closed: "its connection ended",
  not_connected: "not connected for 24 hours",
  wrong_challenge: "it didn't return the challenge",
  app_disabled: "the app was disabled",
};

/** Whether an app can be told something now. */
export function appState(app: AppDetails): Shown {
  if (app.requestUrlState !== "none") return OF_URL[app.requestUrlState];
  return app.connections ? { name: "succeeded", word: "Connected" } : { name: "waiting", word: "Not connected" };
}

export function urlState(app: App): Shown {
  return OF_URL[app.requestUrlState];
}

export function eventState(event: AppEvent): Shown {
  return OF_EVENT[event.state];
}

/** Why an attempt failed, in words. */
export function reasonText(error: string | null): string {
  return error === null ? "" : (REASONS[error] ?? error.replaceAll("_", " "));
}
