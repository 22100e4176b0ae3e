// What conversations are called, and under which day they stand.

const DAY_MS = 86_400_000;

/** Return the title of a conversation; one without messages has none yet. */
export function titleOf(conversation: { readonly title: string } | undefined): string {
  return conversation?.title || "New conversation";
}

/** Such as `Today`, `Yesterday`, `November`, `March 2025`. */
export function dayTitle(at: string, now: number): string {
  const [date, today] = [new Date(at), new Date(now)];
  if (date.toDateString() === today.toDateString()) return "Today";
  if (date.toDateString() === new Date(now - DAY_MS).toDateString()) return "Yesterday";
  const isThisYear = date.getFullYear() === today.getFullYear();
  return date.toLocaleDateString("en-GB", isThisYear ? { month: "long" } : { month: "long", year: "numeric" });
}

/** Such as `10:12` for today, and `19 Nov` for other days. */
export function dayText(at: string, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday
    ? date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}
