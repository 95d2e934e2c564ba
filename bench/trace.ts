import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestLab } from "../test/lab/harness";
import { toHundredths } from "./figure";
import { ProcessorWatch } from "./processor";
import { tell } from "./result";
import { callsOf, LEAST_SECONDS, stepsOf } from "./steps";

const PROGRAMS: Readonly<Record<string, string>> = {
  "kube-apiserver": "API servers",
  "kube-controller-manager": "controller managers",
  etcd: "etcd",
  pulumi: "engine",
  "pulumi-resource-kubernetes": "Kubernetes plugins",
  "node of the program": "program",
};

async function main(): Promise<void> {
  const clusters = ["us", "eu", "apac"];
  const lab = await TestLab.create();
  try {
    await lab.start();
    for (const [run, ...args] of [
      ["first `up`", "up", "--yes", "--skip-preview", "--continue-on-error"],
      ["no-change `preview`", "preview", "--expect-no-changes"],
      ["`destroy`", "destroy", "--yes", "--skip-preview"],
    ] as const) {
      if (args[0] === "destroy") await lab.pulumi("state", "unprotect", "--all", "--yes");
      // It quotes keys, and is in the lab's folder, which goes in the end.
      const file = join(lab.folder, `${args[0]}.json`);
      const watch = new ProcessorWatch();
      const ran = await lab.pulumi(...args, `--otel-traces=file://${file}`);
      const spent = [...watch.end()].map(([program, seconds]) => ({
        program: PROGRAMS[program] ?? "others",
        seconds,
      }));
      if (ran.code !== 0) throw new Error(`${ran.stdout}\n${ran.stderr}`);
      const processor = [...Map.groupBy(spent, ({ program }) => program)]
        .map(([program, some]) => ({
          program,
          seconds: toHundredths(some.reduce((total, { seconds }) => total + seconds, 0)),
        }))
        .filter(({ seconds }) => seconds >= LEAST_SECONDS)
        .sort((one, other) => other.seconds - one.seconds);
      tell({ kind: "trace", run, steps: stepsOf(callsOf(readFileSync(file, "utf8")), clusters), processor });
    }
  } finally {
    await lab.remove();
  }
}

main();
