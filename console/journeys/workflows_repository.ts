// A working copy with workflows, and git against a real Ninefold.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const GIT_ENVIRONMENT = {
  GIT_AUTHOR_NAME: "Tomas Okafor",
  GIT_AUTHOR_EMAIL: "tomas@example.com",
  GIT_COMMITTER_NAME: "Tomas Okafor",
  GIT_COMMITTER_EMAIL: "tomas@example.com",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
};

/** A repository on this machine. */
export class WorkingCopy {
  readonly folder = mkdtempSync(join(tmpdir(), "ninefold-copy-"));
  /** Steps that wait go on once a file of this name is here. */
  readonly gates = join(this.folder, ".git", "gates");

  constructor() {
    this.git("init", "--quiet", "--initial-branch=main");
    mkdirSync(this.gates);
  }

  git(...given: string[]): string {
    return execFileSync("git", ["-C", this.folder, ...given], { env: { ...process.env, HOME: this.folder, ...GIT_ENVIRONMENT }, stdio: ["ignore", "pipe", "pipe"] }).toString();
  }

  /** Write files, and commit them. */
  commit(message: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
  }

  /** Push to a clone URL, with an API key as the password. */
  push(cloneUrl: string, apiKey: string, branch = "main"): void {
    const url = new URL(cloneUrl);
    [url.username, url.password] = ["journey", apiKey];
    this.git("push", "--quiet", url.href, `HEAD:refs/heads/${branch}`);
  }

  open(gate: string): void {
    writeFileSync(join(this.gates, gate), "");
  }

  /** Commands of a step that wait until somebody opens a gate. */
  wait(gate: string): string {
    return `until [ -e '${join(this.gates, gate)}' ]; do sleep 0.1; done`;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A workflow with a matrix, colours, groups, notes, and steps that wait. */
export function ciWorkflow(copy: WorkingCopy): string {
  return `name: CI
on: [push, workflow_dispatch]
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - name: Lint
        run: echo "All 12 files are clean"
  test:
    needs: lint
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        postgres: [16, 17]
    steps:
      - name: Prepare
        run: |
          echo "::group::Install"
          for n in $(seq 1 40); do echo "package $n"; done
          echo "::endgroup::"
          printf 'tests \\033[32mare ready\\033[0m\\n'
      - name: Run the tests
        run: |
          echo "collected 212 items"
          ${copy.wait("first")}
          echo "the first gate is open"
          ${copy.wait("test")}
          for n in $(seq 1 300); do echo "tests/test_$n.py passed"; done
          echo "::warning file=tests/test_tax.py,line=12,title=Slow test::test_tax took 9 seconds"
          echo "## 212 tests passed" >> "$GITHUB_STEP_SUMMARY"
  package:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - name: Package
        run: echo packaged
`;
}

/** A workflow that asks for inputs, and fails if it is told to. */
export const DEPLOY_WORKFLOW = `name: Deploy
run-name: Deploy \${{ inputs.version }} to \${{ inputs.where }}
on:
  workflow_dispatch:
    inputs:
      version:
        description: The version
        required: true
      where:
        description: Where it goes
        type: choice
        options: [staging, production]
      replicas:
        type: number
        default: 3
      dry_run:
        description: Only say what would be done
        type: boolean
        default: true
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - run: echo "checked"
  deploy:
    needs: check
    runs-on: ubuntu-latest
    steps:
      - name: Deploy
        run: |
          echo "\${{ inputs.version }} to \${{ inputs.where }}, \${{ inputs.replicas }} replicas, dry run \${{ inputs.dry_run }}"
          if [ "\${{ inputs.version }}" = broken ]; then echo "::error title=Not deployed::There is no version broken"; exit 1; fi
`;

/** A job that no runner can take. */
export const GPU_WORKFLOW = `name: Train
on: workflow_dispatch
jobs:
  train:
    runs-on: [self-hosted, gpu]
    steps:
      - run: echo trained
`;
