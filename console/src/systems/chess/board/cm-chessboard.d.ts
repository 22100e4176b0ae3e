// What we use of cm-chessboard, which has no types of its own.

declare module "cm-chessboard/src/Chessboard.js" {
  export const COLOR: { readonly white: "w"; readonly black: "b" };
  export interface InputEvent {
    readonly type: "moveInputStarted" | "movingOverSquare" | "validateMoveInput" | "moveInputCanceled" | "moveInputFinished";
    readonly squareFrom: string;
    readonly squareTo?: string | null;
  }
  export class Chessboard {
    constructor(context: HTMLElement, props: unknown);
    setPosition(fen: string, animated?: boolean): Promise<void>;
    setOrientation(colour: "w" | "b", animated?: boolean): Promise<void>;
    getOrientation(): "w" | "b";
    enableMoveInput(handler: (event: InputEvent) => boolean | void, colour?: "w" | "b"): void;
    disableMoveInput(): void;
    cancelMoveInput(): void;
    destroy(): void;
  }
}

declare module "cm-chessboard/src/lib/Svg.js" {
  export class Svg {
    static createSvg(container?: Element): SVGSVGElement;
  }
}
