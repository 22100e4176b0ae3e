// How a person moves pieces on the page of a game, and what the page shows.

import type { Page } from "playwright-core";

/** Where a square is on the screen. */
async function middleOf(page: Page, square: string): Promise<{ x: number; y: number }> {
  const box = (await page.locator(`.squares [data-name="${square}"]`).boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

export async function drag(page: Page, from: string, to: string): Promise<void> {
  const [start, end] = [await middleOf(page, from), await middleOf(page, to)];
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 5 });
  await page.mouse.up();
}

export async function click(page: Page, ...squares: string[]): Promise<void> {
  for (const square of squares) {
    const { x, y } = await middleOf(page, square);
    await page.mouse.click(x, y);
  }
}

export async function type(page: Page, move: string): Promise<void> {
  await page.getByLabel("Type a move").fill(move);
  await page.keyboard.press("Enter");
}

/** The committed moves that a page shows. */
export function shown(page: Page): Promise<string[]> {
  return page.locator(".moves .move button").allInnerTexts();
}
