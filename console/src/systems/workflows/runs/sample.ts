// What the first steps offer to copy.

/** A workflow that any repository can begin with. */
export const FIRST_WORKFLOW = `name: CI
on: [push, workflow_dispatch]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "Hello from $GITHUB_REPOSITORY"`;

/** The commands that write the first workflow and push it. */
export function pushCommands(cloneUrl: string, branch: string): string {
  return `git remote add ninefold ${cloneUrl}\ngit push ninefold HEAD:${branch}`;
}

export function writeCommands(): string {
  return `mkdir -p .github/workflows\ncat > .github/workflows/ci.yml <<'END'\n${FIRST_WORKFLOW}\nEND\ngit add .github && git commit -m "Add a workflow"`;
}
