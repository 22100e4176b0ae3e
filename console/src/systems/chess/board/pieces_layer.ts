// The pieces on a board, drawn and dragged by cm-chessboard. Everything else of the board is ours.

import { Chessboard, type InputEvent } from "cm-chessboard/src/Chessboard.js";
import { Svg } from "cm-chessboard/src/lib/Svg.js";

import type { Colour } from "$/services/chess";

export interface Handlers {
  /** A piece was taken up; returns whether it may be. */
  onpick(square: string): boolean;
  /** It was put down on another square, by dragging or by a second click. */
  onput(from: string, to: string): void;
  /** It was put back. */
  oncancel(): void;
}

/** How long a piece moves; as `--motion`. */
const MOTION_MS = 140;

// cm-chessboard positions what is dragged by a `style` attribute, which the content security policy forbids. The same
// through the element's `style` is permitted.
const createSvg = Svg.createSvg.bind(Svg);
Svg.createSvg = (container) => {
  const svg = createSvg(container);
  const setAttribute = svg.setAttribute.bind(svg);
  svg.setAttribute = (name, value) => {
    if (name === "style") svg.style.cssText = value;
    else setAttribute(name, value);
  };
  return svg;
};

export class PiecesLayer {
  readonly #board: Chessboard;
  #handlers: Handlers | undefined;
  #movable = "";
  #pending: string | undefined;

  constructor(readonly container: HTMLElement, fen: string, orientation: Colour) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#board = new Chessboard(container, {
      position: fen,
      orientation: letterOf(orientation),
      style: {
        cssClass: "ninefold",
        showCoordinates: false,
        // The sprite is in the document already (`Pieces.svelte`), so that nothing is loaded.
        pieces: { file: "/", tileSize: 48 },
        animationDuration: isCalm ? 0 : MOTION_MS,
      },
    });
  }

  /** Show a position; the piece on `pending` is paler, because its move isn't committed. */
  show(fen: string, isAnimated: boolean, pending?: string): void {
    this.#pending = pending;
    void this.#board.setPosition(fen, isAnimated).then(() => {
      for (const piece of this.container.querySelectorAll("[data-piece]")) {
        piece.toggleAttribute("data-is-sending", this.#pending !== undefined && piece.getAttribute("data-square") === this.#pending);
      }
    });
  }

  turn(orientation: Colour): void {
    if (this.#board.getOrientation() !== letterOf(orientation)) void this.#board.setOrientation(letterOf(orientation));
  }

  /** Let the pieces of a colour be moved, or none. */
  permit(colour: Colour | undefined, handlers: Handlers): void {
    this.#handlers = handlers;
    const movable = colour ? letterOf(colour) : "";
    if (movable === this.#movable) return;
    if (this.#movable) {
      this.#board.cancelMoveInput();
      this.#board.disableMoveInput();
    }
    this.#movable = movable;
    if (movable) this.#board.enableMoveInput((event) => this.#handle(event), movable);
  }

  /** Put back what is held. */
  cancel(): void {
    this.#board.cancelMoveInput();
  }

  destroy(): void {
    this.#board.destroy();
  }

  #handle(event: InputEvent): boolean {
    if (event.type === "moveInputStarted") return this.#handlers?.onpick(event.squareFrom) ?? false;
    if (event.type === "moveInputCanceled") this.#handlers?.oncancel();
    if (event.type === "validateMoveInput" && event.squareTo) this.#handlers?.onput(event.squareFrom, event.squareTo);
    // The piece goes where the game's state says, not where it was put.
    return false;
  }
}

function letterOf(colour: Colour): "w" | "b" {
  return colour === "white" ? "w" : "b";
}
