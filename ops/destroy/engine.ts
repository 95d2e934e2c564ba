import { spawn } from "node:child_process";
import { showProgress } from "../../live/progress";

/** What `pulumi destroy` came to. */
export interface Destroyed {
  readonly isWhole: boolean;
  /** The engine's words on what went wrong. */
  readonly said: string;
}

/**
 * `pulumi destroy` without the resources of `but`, and without what they need. `count`: how many resources there are,
 * for people who wait.
 */
export function pulumiDestroy(
  stack: string | undefined,
  { but, count }: { readonly but: readonly string[]; readonly count: number },
): Promise<Destroyed> {
  const args = [
    ...["destroy", "--yes", "--skip-preview", "--continue-on-error", "--non-interactive", "--color=never"],
    ...(stack === undefined ? [] : ["--stack", stack]),
    ...but.flatMap((urn) => ["--exclude", urn]),
  ];
  // Ctrl-C reaches the engine as well, which then ends what it has begun: its words are still wanted.
  const wait = () => showProgress("interrupted: waiting for the engine");
  process.on("SIGINT", wait);
  return new Promise<Destroyed>((resolve, reject) => {
    const child = spawn("pulumi", args, { stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        said[stream] += text;
        const done = said.stdout.match(/^ - .* deleted( \(|$)/gm)?.length ?? 0;
        showProgress(`${done} of ${count} resources deleted`);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      showProgress("");
      const [, diagnostics] = said.stdout.split(/^Diagnostics:$/m);
      resolve({ isWhole: code === 0, said: [diagnostics ?? said.stdout, said.stderr].join("").trim() });
    });
  }).finally(() => process.off("SIGINT", wait));
}
