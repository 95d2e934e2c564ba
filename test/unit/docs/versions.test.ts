import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

/** The first group of a pattern in a file. */
function found(path: string, pattern: RegExp): string {
  const match = pattern.exec(readFileSync(path, "utf8"));
  if (!match?.[1]) throw new Error(`${path} says nothing of ${pattern}`);
  return match[1];
}

const packages = z.record(z.string(), z.string());
const project = z
  .object({ dependencies: packages, devDependencies: packages })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));
const chart = z
  .object({ version: z.string(), appVersion: z.string() })
  .parse(parse(readFileSync("lab/charts/linkerd-control-plane/Chart.yaml", "utf8")));
const pinned = { ...project.dependencies, ...project.devDependencies };
const sdks = ["kubernetes", "tls", "random"].map((name) => pinned[`@pulumi/${name}`]);

it.each([
  ["Linkerd", `${chart.appVersion} (charts ${chart.version})`],
  ["Kubernetes", found("lab/toolchain/cluster/go.mod", /^\s*k8s\.io\/kubernetes v(\S+)/m)],
  [
    "Gateway API",
    `${found("lab/charts/linkerd-crds/templates/gateway-api.yaml", /bundle-version: v(\S+)/)} ` +
      found("lab/charts/linkerd-crds/templates/gateway-api.yaml", /channel: (\S+)/),
  ],
  [
    "Pulumi CLI",
    found("lab/toolchain/pulumi/go.mod", /^\s*(?:require )?github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)/m),
  ],
  ["@pulumi/kubernetes, tls, random", sdks.join(", ")],
  ["Node.js", project.devDependencies.node],
])("docs/versions.md names the version of %s that the tests run with: %s", (part, version) => {
  const rows = readFileSync("docs/versions.md", "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, name]) => name === part);
  const [tried] = rows.map(([, , cell]) => cell?.replace(/, as the chart .*/, ""));
  expect(tried).toBe(version);
});
