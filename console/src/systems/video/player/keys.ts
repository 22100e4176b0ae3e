// The keys of the player, which people know from elsewhere.

import type { Binding } from "$/lib/keys.svelte";

import type { Playback } from "./playback.svelte";

const [STEP_S, LONG_STEP_S, VOLUME_STEP] = [5, 10, 0.1];

export function playerKeys(playback: () => Playback, { toggleFull }: { toggleFull: () => void }): readonly Binding[] {
  const toggle = (): void => playback().toggle();
  return [
    { key: " ", label: "Play or pause", act: toggle },
    { key: "k", label: "Play or pause", act: toggle },
    { key: "j", label: "10 seconds back", act: () => playback().step(-LONG_STEP_S) },
    { key: "l", label: "10 seconds on", act: () => playback().step(LONG_STEP_S) },
    { key: "ArrowLeft", label: "5 seconds back", act: () => playback().step(-STEP_S) },
    { key: "ArrowRight", label: "5 seconds on", act: () => playback().step(STEP_S) },
    { key: "ArrowUp", label: "Louder", act: () => playback().setVolume(playback().volume + VOLUME_STEP) },
    { key: "ArrowDown", label: "Quieter", act: () => playback().setVolume(playback().volume - VOLUME_STEP) },
    { key: "m", label: "Sound on or off", act: () => playback().toggleMuted() },
    { key: "f", label: "Full screen", act: toggleFull },
    { key: "c", label: "Captions", act: () => playback().toggleCaptions() },
    { key: "<", label: "Slower", act: () => playback().stepRate(-1) },
    { key: ">", label: "Faster", act: () => playback().stepRate(1) },
    ...Array.from({ length: 10 }, (_, digit) => ({ key: String(digit), label: `To ${digit * 10} %`, act: () => playback().seek((playback().lengthS * digit) / 10) })),
  ];
}
