import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import type { Pair } from "./recordingServer";

/** What a chart server was asked: the path, and who asked. */
export interface AskedForChart {
  readonly path: string;
  readonly authorization: string | undefined;
}

const CONFIG = "application/vnd.cncf.helm.config.v1+json";
const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/**
 * The packaged charts of a folder, as a repository (`https://…/`) and as an OCI registry (`oci://…/charts`), for
 * whoever has this user and password.
 */
export class ChartServer {
  private asked: AskedForChart[] = [];
  private readonly blobs = new Map<string, Buffer>();

  private constructor(
    private readonly folder: string,
    private readonly authorization: string,
    private readonly server: Server,
  ) {}

  static async start(folder: string, { certificate, key }: Pair, credentials: string): Promise<ChartServer> {
    const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    const server = createServer({ cert: certificate, key });
    const charts = new ChartServer(folder, authorization, server);
    server.on("request", (request, response) => {
      const [path = ""] = (request.url ?? "/").split("?");
      charts.asked.push({ path, authorization: request.headers.authorization });
      const answer =
        request.headers.authorization === authorization
          ? charts.answer(path)
          : { status: 401, headers: { "www-authenticate": 'Basic realm="charts"' } };
      response.writeHead(answer.status, answer.headers);
      response.end(request.method === "HEAD" ? undefined : answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return charts;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was asked since the last time. */
  take(): AskedForChart[] {
    const { asked } = this;
    this.asked = [];
    return asked;
  }

  private answer(path: string): { status: number; headers?: Record<string, string>; body?: Buffer } {
    const manifest = /^\/v2\/charts\/([^/]+)\/manifests\/(.+)$/.exec(path);
    if (path === "/v2/") return { status: 200 };
    const body = manifest
      ? (this.blobs.get(manifest[2] ?? "") ?? this.manifestOf(`${manifest[1]}-${manifest[2]}.tgz`))
      : (this.blobs.get(basename(path)) ?? this.file(basename(path)));
    if (body === undefined) return { status: 404 };
    const type = manifest ? MANIFEST : "application/octet-stream";
    const headers = { "content-type": type, "content-length": String(body.length) };
    return { status: 200, headers: { ...headers, "docker-content-digest": digestOf(body) }, body };
  }

  private file(name: string): Buffer | undefined {
    return readdirSync(this.folder).includes(name) ? readFileSync(join(this.folder, name)) : undefined;
  }

  private manifestOf(archive: string): Buffer | undefined {
    const chart = this.file(archive);
    if (chart === undefined) return undefined;
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: this.store(CONFIG, Buffer.from("{}")),
      layers: [this.store(CHART, chart)],
    };
    const content = Buffer.from(JSON.stringify(manifest));
    this.store(MANIFEST, content);
    return content;
  }

  private store(mediaType: string, content: Buffer) {
    const digest = digestOf(content);
    this.blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
