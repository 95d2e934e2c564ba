import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../lab/env";

/**
 * Installs the package of this repository into the folder of a program of somebody else, as npm would, without a
 * network: packed and unpacked, beside links to the packages of this repository.
 * @returns the folder of the package
 */
export function installPackage(folder: string): string {
  const modules = join(folder, "node_modules");
  const installed = join(modules, "linkerd-fleet");
  mkdirSync(installed, { recursive: true });
  for (const name of readdirSync(join(repository, "node_modules"))) {
    if (!/^\.|^(fleet|linkerd-fleet)$/.test(name))
      symlinkSync(join(repository, "node_modules", name), join(modules, name));
  }
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: repository,
    encoding: "utf8",
  });
  const archive = join(folder, packed.trim().split("\n").at(-1) ?? "");
  execFileSync("tar", ["-xzf", archive, "-C", installed, "--strip-components=1"]);
  return installed;
}
