import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { patience } from "../../../lab/toolchain/download";
import {
  type ChoiceOptions,
  chooseCharts,
  downloadPlugins,
  installBuiltPlugin,
  type PluginName,
  pluginParts,
} from "../../../lab/toolchain/parts";
import type { CacheState } from "../../../lab/toolchain/state";

const versions = { kubernetes: "4.1.0", tls: "5.2.0", random: "4.3.0" };
const charts = ["linkerd-crds", "linkerd-control-plane", "linkerd-multicluster", "linkerd-viz"];

let folder: string;
let state: CacheState;
let lines: string[];

/** A local site that plays the download sites: what it serves, by path, and what it was asked for. */
let site: { url: string; serve: Map<string, http.RequestListener>; asked: string[]; close(): void };

const options = (more: Partial<ChoiceOptions> = {}): ChoiceOptions => ({
  cache: folder,
  state,
  log: (line) => lines.push(line),
  env: { LINKERD_FLEET_PLUGIN_URL: `${site.url}/plugins`, LINKERD_FLEET_CHART_URL: `${site.url}/charts/` },
  ...more,
});
const install = async (more: Partial<ChoiceOptions> = {}) => {
  const downloaded = await downloadPlugins(path.join(folder, "home"), versions, options(more));
  return pluginParts(versions, downloaded).map(({ origin }) => origin);
};
const built = "official (built from its Go module, about 4.25)";
const pluginFile = (name: PluginName) =>
  path.join(folder, "home", "plugins", `resource-${name}-v${versions[name]}`, `pulumi-resource-${name}`);
const pluginPath = (name: PluginName) =>
  `/plugins/pulumi-resource-${name}-v${versions[name]}-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}.tar.gz`;
const send =
  (body: Buffer | string): http.RequestListener =>
  (_, response) =>
    response.end(body);

/** A plugin archive as the official site has it: the program at its top. */
function archive(
  program: string,
  text: string | Buffer = "#!/bin/sh\necho official\n",
  mode = 0o755,
): Buffer {
  const source = fs.mkdtempSync(path.join(folder, "archive-"));
  fs.writeFileSync(path.join(source, program), text, { mode });
  return execFileSync("tar", ["-czf", "-", "-C", source, program], { maxBuffer: 100_000_000 });
}
function serveAllPlugins(): void {
  for (const name of ["kubernetes", "tls", "random"] as const)
    site.serve.set(pluginPath(name), send(archive(`pulumi-resource-${name}`)));
}

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "parts-"));
  state = { built: {}, answers: {} };
  lines = [];
  const serve = new Map<string, http.RequestListener>();
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = serve.get(request.url ?? "");
    if (answer) answer(request, response);
    else response.writeHead(404).end("not here");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  site = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, serve, asked, close };
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  site.close();
  fs.rmSync(folder, { recursive: true });
});

describe("engine plugins", () => {
  test("are the official ones where the site has them, and are not downloaded again", async () => {
    serveAllPlugins();
    expect(await install()).toEqual(["official", "official", "official"]);
    expect(execFileSync(pluginFile("kubernetes"), { encoding: "utf8" })).toBe("official\n");
    expect(await install({ refresh: true })).toEqual(["official", "official", "official"]);
    expect(site.asked).toHaveLength(3);
  });

  test("are built or stood in for where the site does not have them, one by one", async () => {
    site.serve.set(pluginPath("tls"), send(archive("pulumi-resource-tls")));
    expect(await install()).toEqual([built, "official", "stand-in"]);
    expect(lines.sort()).toEqual([
      expect.stringContaining("the site answers HTTP 404; the plugin is built from its Go module"),
      expect.stringContaining("the site answers HTTP 404; the stand-in is used"),
    ]);
  });

  test("an official plugin takes the place of a stand-in that was installed before", async () => {
    fs.mkdirSync(path.dirname(pluginFile("kubernetes")), { recursive: true });
    fs.writeFileSync(path.join(path.dirname(pluginFile("kubernetes")), "main.cjs"), "stand-in");
    serveAllPlugins();
    await install();
    expect(fs.existsSync(path.join(path.dirname(pluginFile("kubernetes")), "main.cjs"))).toBe(false);
    expect(fs.existsSync(pluginFile("kubernetes"))).toBe(true);
  });

  test("a built plugin takes the place of what was there, and is the built program whatever is built later", () => {
    fs.mkdirSync(path.dirname(pluginFile("kubernetes")), { recursive: true });
    fs.writeFileSync(path.join(path.dirname(pluginFile("kubernetes")), "main.cjs"), "stand-in");
    const program = path.join(folder, "bin", "pulumi-resource-kubernetes");
    fs.mkdirSync(path.dirname(program));
    for (const text of ["first", "second"]) {
      fs.writeFileSync(program, text);
      installBuiltPlugin(path.join(folder, "home"), versions.kubernetes, program);
      expect(fs.readFileSync(pluginFile("kubernetes"), "utf8")).toBe(text);
    }
    expect(fs.readdirSync(path.dirname(pluginFile("kubernetes")))).toEqual(["pulumi-resource-kubernetes"]);
  });

  test("a built plugin is named as such, beside the version that the SDK asks for", () => {
    const [kubernetes, tls] = pluginParts(versions, {});
    expect(kubernetes).toMatchObject({ version: "SDK 4.1.0", origin: built });
    expect(kubernetes?.from).toContain("Go module github.com/pulumi/pulumi-kubernetes/provider/v4");
    expect(tls).toMatchObject({ version: "5.2.0", origin: "stand-in" });
  });

  const whole = () => archive("pulumi-resource-kubernetes", "x".repeat(100_000));
  const refused: [string, string, () => http.RequestListener][] = [
    ["an archive that stops in the middle", "not a whole gzip archive", () => send(whole().subarray(0, -20))],
    [
      "an answer shorter than announced",
      "the download broke off",
      () => (_, response) => {
        const body = whole();
        response.writeHead(200, { "content-length": body.length });
        response.write(body.subarray(0, 50), () => response.destroy());
      },
    ],
    ["a web page", "not a whole gzip archive", () => send("<html>Please log in</html>")],
    ["an empty answer", "not a whole gzip archive", () => send("")],
    [
      "an archive of something else",
      "no program pulumi-resource-kubernetes",
      () => send(archive("README.md")),
    ],
    [
      "an empty program",
      "no program pulumi-resource-kubernetes",
      () => send(archive("pulumi-resource-kubernetes", "")),
    ],
    [
      "a program that cannot be executed",
      "no program pulumi-resource-kubernetes",
      () => send(archive("pulumi-resource-kubernetes", "text", 0o644)),
    ],
  ];
  test.each(refused)("%s is refused and leaves nothing behind", async (_, reason, answer) => {
    serveAllPlugins();
    site.serve.set(pluginPath("kubernetes"), answer());
    expect(await install()).toEqual([built, "official", "official"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(fs.existsSync(path.dirname(pluginFile("kubernetes")))).toBe(false);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith("download-"))).toEqual([]);
  });

  test("a site that has none is asked again after a day or on request, not on every run", async () => {
    await install();
    expect(site.asked).toHaveLength(3);
    serveAllPlugins();
    lines = [];
    expect(await install()).toEqual([built, "stand-in", "stand-in"]);
    expect([site.asked.length, lines]).toEqual([3, []]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 25 * 60 * 60 * 1000 });
    expect(await install()).toEqual(["official", "official", "official"]);
  });

  test("asking again on request finds what was not there before", async () => {
    await install();
    serveAllPlugins();
    expect(await install({ refresh: true })).toEqual(["official", "official", "official"]);
  });

  test("an official plugin whose folder was deleted is downloaded again", async () => {
    serveAllPlugins();
    await install();
    fs.rmSync(path.join(folder, "home"), { recursive: true });
    expect(await install()).toEqual(["official", "official", "official"]);
    expect(fs.existsSync(pluginFile("kubernetes"))).toBe(true);
  });

  test("nothing is asked offline, and what is installed stays in use", async () => {
    site.serve.set(pluginPath("tls"), send(archive("pulumi-resource-tls")));
    await install();
    site.asked.length = 0;
    const offline = { env: { ...options().env, LINKERD_FLEET_OFFLINE: "1" }, refresh: true };
    expect(await install(offline)).toEqual([built, "official", "stand-in"]);
    expect(site.asked).toEqual([]);
  });

  test("a large one from a server of HTTP/1.0, sent faster than it is written, is taken whole", async () => {
    serveAllPlugins();
    // Random, or it would be small.
    const program = randomBytes(20_000_000);
    const body = archive("pulumi-resource-kubernetes", program);
    site.serve.set(pluginPath("kubernetes"), ({ socket }) => {
      socket.end(Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), body]));
    });
    const open = fs.promises.open;
    vi.spyOn(fs.promises, "open").mockImplementation(async (...args) => {
      const handle = await open(...args);
      const write: (chunk: Buffer) => Promise<unknown> = handle.write.bind(handle);
      return Object.assign(handle, { write: (chunk: Buffer) => sleep(5).then(() => write(chunk)) });
    });
    expect(await install()).toEqual(["official", "official", "official"]);
    expect(fs.readFileSync(pluginFile("kubernetes")).equals(program)).toBe(true);
  });

  test("a site that goes quiet in the middle costs no more than the patience for the next bytes", async () => {
    vi.spyOn(patience, "bytes", "get").mockReturnValue(100);
    site.serve.set(pluginPath("kubernetes"), (_, response) => void response.write("half"));
    expect(await install()).toEqual([built, "stand-in", "stand-in"]);
    expect(lines.filter((line) => line.includes("the download broke off"))).toHaveLength(1);
  });

  test("a site that sends elsewhere is followed, and not for ever", async () => {
    serveAllPlugins();
    const there = site.serve.get(pluginPath("tls"));
    if (there) site.serve.set("/there", there);
    site.serve.set(pluginPath("tls"), (_, response) => response.writeHead(302, { location: "/there" }).end());
    const round = pluginPath("random");
    site.serve.set(round, (_, response) => response.writeHead(302, { location: round }).end());
    expect(await install()).toEqual(["official", "official", "stand-in"]);
    expect(lines.join()).toContain("the site answers HTTP 302");
  });

  test("a site that takes the connection and says nothing costs no more than the patience for it", async () => {
    vi.spyOn(patience, "answer", "get").mockReturnValue(100);
    for (const name of ["kubernetes", "tls", "random"] as const) site.serve.set(pluginPath(name), () => {});
    const start = Date.now();
    expect(await install()).toEqual([built, "stand-in", "stand-in"]);
    expect(Date.now() - start).toBeLessThan(1_500);
    expect(lines[0]).toContain("cannot be reached");
  });
});

describe("Linkerd's charts", () => {
  const local = () => path.join(folder, "charts");
  const index = (list: string[]) =>
    `apiVersion: v1\nentries:\n${list.map((name) => `  ${name}:\n  - version: 2026.8.3\n`).join("")}`;
  const choose = async (more: Partial<ChoiceOptions> = {}) => {
    const chosen = await chooseCharts(local(), options(more));
    return { charts: chosen.charts, origins: chosen.parts.map(({ origin }) => origin) };
  };
  const official = () => ({ charts: `${site.url}/charts`, origins: charts.map(() => "official") });
  const standIn = () => ({ charts: local(), origins: charts.map(() => "stand-in") });
  beforeEach(() => {
    for (const name of charts) {
      fs.mkdirSync(path.join(local(), name), { recursive: true });
      fs.writeFileSync(path.join(local(), name, "Chart.yaml"), `name: ${name}\nversion: 2026.8.3\n`);
    }
  });

  test("are the repository's if it has all of them in the version stood in for; the answer is remembered", async () => {
    site.serve.set("/charts/index.yaml", send(index(charts)));
    expect(await choose()).toEqual(official());
    expect(await choose()).toEqual(official());
    expect(site.asked).toEqual(["/charts/index.yaml"]);
  });

  test("are the stand-ins offline, even if the repository was reached before", async () => {
    site.serve.set("/charts/index.yaml", send(index(charts)));
    await choose();
    expect(await choose({ env: { ...options().env, LINKERD_FLEET_OFFLINE: "1" } })).toEqual(standIn());
  });

  test.each<[string, string, () => string]>([
    ["lacks a chart", "has no linkerd-multicluster 2026.8.3", () => index(charts.slice(0, 2))],
    [
      "has other versions only",
      "has no linkerd-crds 2026.8.3",
      () => index(charts).replaceAll("2026.8.3", "2025.1.1"),
    ],
    ["answers with a web page", "not the index of a chart repository", () => "<html>: [Please log in</html>"],
    ["answers nothing", "not the index of a chart repository", () => ""],
  ])("are the stand-ins if the repository %s", async (_, reason, body) => {
    site.serve.set("/charts/index.yaml", send(body()));
    expect(await choose()).toEqual(standIn());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(await choose()).toEqual(standIn());
    expect(site.asked).toHaveLength(1);
  });
});
