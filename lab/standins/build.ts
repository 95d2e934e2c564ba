import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..", "..");

/** A plugin in TypeScript: for which SDK, and the module that exports it as `plugin`. */
export interface Source {
  readonly name: string;
  readonly version: string;
  readonly module: string;
}

/** The lab's stand-in for the plugin of an SDK. */
export function standIn(name: "tls" | "random", version: string): Source {
  return { name, version, module: path.join(__dirname, name) };
}

/** Installs plugins below `pulumiHome`, each as one bundle that the `node` on PATH runs; builds only what has changed. */
export async function buildPlugins(pulumiHome: string, plugins: readonly Source[]): Promise<void> {
  const sources = sourcesHash();
  await Promise.all(
    plugins.map(async ({ name, version, module }) => {
      const folder = path.join(pulumiHome, "plugins", `resource-${name}-v${version}`);
      // Nothing of this clone's own paths, so that clones of the same sources can share a cache.
      const stamp = [sources, version, path.relative(root, module)].join("\n");
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
export NODE_COMPILE_CACHE=${quoted(path.join(folder, "compiled"))}
exec node ${quoted(path.join(folder, "main.cjs"))} "$@"
`;
      fs.writeFileSync(path.join(partial, `pulumi-resource-${name}`), script, { mode: 0o755 });
      fs.writeFileSync(path.join(partial, "stand-in.txt"), stamp);
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(partial, folder);
    }),
  );
}

const quoted = (file: string) => `'${file.replaceAll("'", "'\\''")}'`;

/** Of everything that ends up in a stand-in's bundle; the lock file stands for the packages. */
function sourcesHash(): string {
  const hash = createHash("sha256").update(fs.readFileSync(path.join(root, "package-lock.json")));
  const files = fs
    .readdirSync(__dirname, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"));
  for (const file of files.sort()) hash.update(file).update(fs.readFileSync(path.join(__dirname, file)));
  return hash.digest("hex");
}
