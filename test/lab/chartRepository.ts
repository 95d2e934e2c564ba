import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { basename, join } from "node:path";
import { run } from "../../lab/run";
import type { TestLab } from "./harness";

/** The lab's charts in a repository on this machine, as many versions of them as are published. */
export class ChartRepository {
  private constructor(
    private readonly lab: TestLab,
    private readonly folder: string,
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async serve(lab: TestLab): Promise<ChartRepository> {
    const folder = join(lab.folder, "repository");
    mkdirSync(folder);
    const server = createServer(({ url = "" }, response) => {
      try {
        response.end(readFileSync(join(folder, basename(url))));
      } catch {
        response.writeHead(404).end();
      }
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        if (typeof address === "object" && address) resolve(address.port);
        else reject(new Error("the repository has no port"));
      }),
    );
    return new ChartRepository(lab, folder, server, `http://127.0.0.1:${port}`);
  }

  /** Packages the lab's charts as this version of theirs, beside those that were published before. */
  async publish(version: string): Promise<void> {
    const charts = join(this.lab.lab.root, "charts");
    for (const chart of readdirSync(charts).filter((name) => name.startsWith("linkerd-")))
      await this.helm("package", "--version", version, "-d", this.folder, join(charts, chart));
    await this.helm("repo", "index", this.folder);
  }

  private async helm(...args: string[]): Promise<void> {
    const ran = await run(this.lab.tools.bin.helm, args);
    if (ran.code !== 0) throw new Error(`helm ${args.join(" ")}:\n${ran.stderr}`);
  }

  close(): void {
    this.server.close();
  }
}
