import { readdir, readFile, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { pulumi } from "../../live/outputs";

/**
 * Files of a state folder that an engine killed at that moment left half written. Beside each file its attributes
 * stand in an `….attrs` (gocloud.dev `blob/fileblob/attrs.go`), which is not written in one piece: cut short, every
 * command fails with `EOF`, though the state itself is whole. Without an `.attrs` the file is read all the same.
 */
export async function cutShort(): Promise<string[]> {
  const { url } = z
    .object({ url: z.string() })
    .parse(JSON.parse(await pulumi(["whoami", "--json"], undefined)));
  const [, path] = /^file:\/\/([^?]*)/.exec(url) ?? [];
  if (path === undefined) return [];
  const folder = join(resolve(path.replace(/^~/, homedir())), ".pulumi");
  const files = await readdir(folder, { recursive: true });
  const judged = await Promise.all(
    files
      .filter((file) => file.endsWith(".attrs"))
      .map(async (file) => ((await isWhole(join(folder, file))) ? [] : [join(folder, file)])),
  );
  return judged.flat();
}

export async function removeFiles(files: readonly string[]): Promise<void> {
  await Promise.all(files.map((file) => unlink(file)));
}

async function isWhole(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, "utf8"));
    return true;
  } catch (error) {
    // Gone meanwhile is no matter.
    return !(error instanceof SyntaxError);
  }
}
