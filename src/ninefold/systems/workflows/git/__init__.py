"""Git over HTTP (`/git`): clones, fetches and pushes of the repositories that this installation hosts."""
