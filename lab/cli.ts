import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { clusterFolder, createdClusters, ensureCluster, stopCluster } from "./clusters";
import { type Lab, LabError, labEnv, openLab } from "./env";
import { ensureMirrors } from "./mirrors";
import { endProcesses } from "./processes";
import { Progress } from "./progress";
import { interruptRunning } from "./run";
import type { LabCluster } from "./stackfile";
import { ensureToolchain, type Toolchain } from "./toolchain";
import { withLock } from "./toolchain/lock";
import { bringUp, readLogs, showStatus, unlinkCharts } from "./up";

const usage = `The fleet of Pulumi.dev.yaml on this machine.

  npm run lab                          start the clusters, run \`pulumi up\`, show what there is
  npm run lab -- shell [-- command …]  a shell, or one command, in which pulumi, kubectl and helm work on the lab
  npm run lab -- status                show what there is
  npm run lab -- stop <cluster>        make one cluster unreachable
  npm run lab -- start <cluster>       bring it back
  npm run lab -- logs <cluster> [program]
  npm run lab -- down                  remove everything the lab made`;

/** What the lab makes in its folder, besides the lock. */
const made = ["cache", "charts", "charts-from", "kubeconfig", "kwok", "logs", "mirrors", "state", "tmp"];

const progress = new Progress((line) => console.log(line));

async function main([command = "up", ...rest]: string[]): Promise<number> {
  if (!existsSync("/proc/self/cmdline"))
    throw new LabError("The lab needs Linux (or WSL): it finds its programs in /proc.");
  const lab = openLab();
  switch (command) {
    case "up":
      await locked(lab, command, async () => bringUp(lab, await findTools(), progress));
      return 0;
    case "down":
      return down(lab);
    case "shell":
      return shell(lab, rest[0] === "--" ? rest.slice(1) : rest);
    case "status":
      await showStatus(lab, await findTools(), progress);
      return 0;
    case "stop": {
      const { name } = clusterNamed(lab, rest[0]);
      await locked(lab, command, () => stopCluster(lab, name));
      progress.say(`${name} is stopped; \`npm run lab -- start ${name}\` brings it back.`);
      return 0;
    }
    case "start": {
      const cluster = clusterNamed(lab, rest[0]);
      await locked(lab, command, async () => {
        await ensureCluster(lab, await findTools(), cluster);
        await ensureMirrors(lab);
      });
      progress.say(`${cluster.name} runs at ${cluster.apiServer}.`);
      return 0;
    }
    case "logs": {
      const { name } = clusterNamed(lab, rest[0]);
      progress.say(readLogs(lab, name, readdirSync(join(clusterFolder(lab, name), "logs")).sort(), rest[1]));
      return 0;
    }
    case "help":
    case "--help":
      progress.say(usage);
      return 0;
    default:
      throw new LabError(`There is no lab command "${command}".\n\n${usage}`);
  }
}

async function down(lab: Lab): Promise<number> {
  if (!existsSync(lab.root)) {
    progress.say("There is no lab to remove.");
    return 0;
  }
  await locked(lab, "down", async () => {
    await endProcesses(lab.root);
    for (const entry of made) rmSync(join(lab.root, entry), { recursive: true, force: true });
    unlinkCharts(lab);
  });
  rmSync(join(lab.root, "lock"), { recursive: true, force: true });
  const others = readdirSync(lab.root);
  if (others.length === 0) rmSync(lab.root, { recursive: true });
  else progress.say(`${lab.root} stays: ${others.join(", ")} in it is not the lab's.`);
  progress.say(`Removed the lab in ${lab.root}. What was built stays in the cache, for the next one.`);
  return 0;
}

async function shell(lab: Lab, command: string[]): Promise<number> {
  if (!existsSync(lab.kubeconfig)) throw new LabError("There is no lab yet: run `npm run lab` first.");
  const [program = process.env.SHELL ?? "/bin/sh", ...args] = command;
  const env = labEnv(lab, await findTools());
  if (command.length === 0)
    progress.say("The lab's shell: pulumi, kubectl and helm work on it; `exit` leaves it.");
  const child = spawn(program, args, { cwd: lab.project, env, stdio: "inherit" });
  // Ctrl-C is for what runs in the shell, which has it from the terminal.
  process.removeAllListeners("SIGINT").on("SIGINT", () => undefined);
  return new Promise((resolve, reject) => {
    child.on("error", () => reject(new LabError(`"${program}" could not be started.`)));
    child.on("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

function findTools(): Promise<Toolchain> {
  return ensureToolchain({ log: (line) => progress.say(line) });
}

/** Two commands never change a lab at once. */
async function locked<T>(lab: Lab, command: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(lab.root, { recursive: true, mode: 0o700 });
  const refuse = (pid: number) => {
    throw new LabError(
      `Another command is at work on this lab (process ${pid}); \`${command}\` did nothing. ` +
        "Wait for it, or end it with Ctrl-C where it runs.",
    );
  };
  return withLock(join(lab.root, "lock"), refuse, work);
}

function clusterNamed(lab: Lab, name: string | undefined): LabCluster {
  const clusters = createdClusters(lab);
  const cluster = clusters.find((candidate) => candidate.name === name);
  if (cluster) return cluster;
  const names = clusters.map((candidate) => candidate.name).join(", ");
  throw new LabError(
    clusters.length === 0
      ? "There is no lab yet: run `npm run lab` first."
      : `${name === undefined ? "Name a cluster" : `There is no cluster "${name}"`}: the lab has ${names}.`,
  );
}

let interrupted = false;

function interrupt(): void {
  const waiting = interruptRunning();
  if (waiting === 0) process.exit(130);
  if (!interrupted) console.error("\nStopping once the running step is over; press Ctrl-C again to insist.");
  interrupted = true;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (interrupted)
      console.error("Interrupted. `npm run lab` goes on from here; `npm run lab -- down` removes it.");
    else console.error(error instanceof LabError ? error.message : error);
    process.exitCode = interrupted ? 130 : 1;
  },
);
