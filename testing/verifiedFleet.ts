import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { stringify } from "yaml";
import { planFleet } from "../fleet/plan";
import { openFleet } from "../live/fleet";
import { readStackFile } from "../live/stackFile";
import { judge, type Result } from "../ops/verify/judge";
import { readFleet } from "../ops/verify/read";
import { ApiServer, type Asked, type Reply } from "./apiServer";
import { LiveFleet, meshStackFile } from "./liveFleet";
import type { Stored } from "./stored";

/** A fleet of two clusters in memory, behind one API server, as `npx fleet verify` finds it. For each test file one. */
export class VerifiedFleet {
  private folder = "";
  private server: ApiServer | undefined;
  private fleet: LiveFleet | undefined;
  /** What the API server answers to some questions instead. */
  instead: (asked: Asked) => Reply | "as planned" = () => "as planned";

  constructor() {
    beforeAll(() => this.start());
    afterAll(() => this.stop());
  }

  private async start(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-verify-"));
    writeFileSync(this.file("stack.yaml"), stringify(meshStackFile(["us", "eu"])));
    const { config, problems } = readStackFile(this.file("stack.yaml"));
    if (problems) throw new Error(JSON.stringify(problems));
    const fleet = await LiveFleet.of(planFleet(config));
    this.fleet = fleet;
    writeFileSync(this.file("outputs.json"), JSON.stringify(fleet.outputs()));
    this.server = await ApiServer.start((asked) => {
      const reply = this.instead(asked);
      return reply === "as planned" ? fleet.answer(asked) : reply;
    });
    writeFileSync(this.file("kubeconfig"), this.server.kubeconfig(["us", "eu"]));
    vi.stubEnv("KUBECONFIG", this.file("kubeconfig"));
  }

  private async stop(): Promise<void> {
    vi.unstubAllEnvs();
    await this.server?.close();
    rmSync(this.folder, { recursive: true });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  options() {
    return { config: this.file("stack.yaml"), outputs: this.file("outputs.json") };
  }

  objects(cluster: string): Stored[] {
    const objects = this.fleet?.objects.get(cluster);
    if (!objects) throw new Error(`no cluster ${cluster}`);
    return objects;
  }

  async verify(): Promise<Result[]> {
    const { plan, outputs, clusters } = await openFleet(this.options());
    return judge(await readFleet(plan, outputs, clusters));
  }

  /** Changes one object of a cluster for as long as `work` takes. */
  async with(
    cluster: string,
    collection: string,
    name: string,
    change: (object: Stored) => Stored | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const objects = this.objects(cluster);
    const at = objects.findIndex((one) => one.collection === collection && one.metadata.name === name);
    const [before] = objects.slice(at, at + 1);
    if (!before) throw new Error(`${cluster} has no ${collection}/${name}`);
    const after = change(before);
    objects.splice(at, 1, ...(after ? [after] : []));
    try {
      await work();
    } finally {
      objects.splice(at, after ? 1 : 0, before);
    }
  }
}

export const said = (results: readonly Result[]) =>
  results.flatMap(({ subject, findings }) =>
    findings.map(({ severity, message }) => `${severity} ${subject}: ${message}`),
  );
