import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { PluginName } from "../toolchain/parts";

const root = path.join(__dirname, "..", "..");

/**
 * Installs the stand-ins of `names` below `pulumiHome`, each as one bundle that this clone's Node runs. Builds only
 * what is not built of these very sources.
 */
export async function buildPlugins(
  pulumiHome: string,
  helmPath: string,
  names: readonly PluginName[],
  /** The module that holds the `plugin`, for one that is not the stand-in. */
  other: Partial<Record<PluginName, string>> = {},
): Promise<void> {
  const node = path.join(path.dirname(require.resolve("node/package.json")), "bin", "node");
  const sources = sourcesHash();
  await Promise.all(
    names.map(async (name) => {
      const version = JSON.parse(
        fs.readFileSync(require.resolve(`@pulumi/${name}/package.json`), "utf8"),
      ).version;
      const folder = path.join(pulumiHome, "plugins", `resource-${name}-v${version}`);
      const module = other[name] ?? `./${name}/main`;
      const stamp = [sources, version, node, helmPath, module].join("\n");
      const stampFile = path.join(folder, "stand-in.txt");
      if (fs.existsSync(stampFile) && fs.readFileSync(stampFile, "utf8") === stamp) return;
      // Loaded only when there is something to build.
      const { build } = await import("esbuild");
      const partial = `${folder}.partial`;
      fs.rmSync(partial, { recursive: true, force: true });
      await build({
        stdin: {
          contents: `import { plugin } from ${JSON.stringify(module)}; import { serve } from "./provider"; serve(plugin);`,
          resolveDir: __dirname,
        },
        outfile: path.join(partial, "main.cjs"),
        bundle: true,
        platform: "node",
        target: "node22",
        minifyWhitespace: true,
        define: { "process.env.PLUGIN_VERSION": JSON.stringify(version) },
        logLevel: "error",
      });
      const script = `#!/bin/sh
export LINKERD_FLEET_HELM=${quoted(helmPath)} NODE_COMPILE_CACHE=${quoted(path.join(folder, "compiled"))}
exec ${quoted(node)} ${quoted(path.join(folder, "main.cjs"))} "$@"
`;
      fs.writeFileSync(path.join(partial, `pulumi-resource-${name}`), script, { mode: 0o755 });
      fs.writeFileSync(path.join(partial, "stand-in.txt"), stamp);
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(partial, folder);
    }),
  );
}

const quoted = (file: string) => `'${file.replaceAll("'", "'\\''")}'`;

/** Of everything that ends up in a bundle; the lock file stands for the packages. */
function sourcesHash(): string {
  const hash = createHash("sha256").update(fs.readFileSync(path.join(root, "package-lock.json")));
  const files = fs
    .readdirSync(__dirname, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"));
  for (const file of files.sort()) hash.update(file).update(fs.readFileSync(path.join(__dirname, file)));
  return hash.digest("hex");
}
