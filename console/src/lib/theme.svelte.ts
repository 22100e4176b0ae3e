// The theme is the browser's until a person chooses; `?theme=dark` in the address wins over both.

class Theme {
  chosen = $state<string | null>(null);

  begin(): void {
    this.#show(new URLSearchParams(window.location.search).get("theme") ?? read());
  }

  toggle(): void {
    const isDark = this.chosen ? this.chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    this.#show(isDark ? "light" : "dark");
    keep(this.chosen ?? "");
  }

  #show(theme: string | null): void {
    if (theme !== "light" && theme !== "dark") return;
    this.chosen = theme;
    document.documentElement.dataset["theme"] = theme;
  }
}

// Storage may be denied.
function read(): string | null {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function keep(theme: string): void {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    return;
  }
}

export const theme = new Theme();
