// What keeps a film from playing, in words, with what to do.

export interface Fault {
  readonly title: string;
  readonly remedy: string;
  /** Whether it is tried again by itself. */
  readonly isRetried: boolean;
}

export const NOT_SUPPORTED: Fault = {
  title: "This browser can’t play it: it has no Media Source Extensions.",
  remedy: "Open the page in a current Chrome, Edge, Firefox or Safari. On an iPhone, iOS 17.1 or later is needed.",
  isRetried: false,
};

export const UNREACHABLE: Fault = {
  title: "The film doesn’t arrive.",
  remedy: "What is loaded plays on, and the rest is asked for every few seconds. Check the network if this lasts.",
  isRetried: true,
};

export const UNDECODABLE: Fault = {
  title: "The browser couldn’t decode the picture or the sound.",
  remedy: "Try a lower quality, or another browser. If it is always at the same place, encode the title again.",
  isRetried: false,
};

export const GONE: Fault = {
  title: "The title isn’t there any more.",
  remedy: "It was deleted or canceled while you watched. Choose another one.",
  isRetried: false,
};

export function refused(detail: string, remedy: string | null | undefined): Fault {
  return { title: detail, remedy: remedy ?? "Try it again.", isRetried: false };
}
