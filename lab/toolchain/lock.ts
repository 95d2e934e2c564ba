import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const beat = 5_000;
const abandonedAfter = 120_000;

/**
 * Runs `work` while no other process (nor another call in this one) holds the same lock.
 *
 * The lock is a folder with one file named after its holder's process id. Renaming a prepared folder onto it
 * succeeds only while it is absent or empty, and a dead holder is evicted by deleting the file with its own
 * name, so two processes can never evict each other or both get in.
 *
 * @param lock - path of the lock folder
 * @param waiting - called once, with the holder's process id, if the lock is taken
 */
export async function withLock<T>(
  lock: string,
  waiting: (holder: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const held = path.join(lock, String(process.pid));
  await acquire(lock, waiting);
  // A process id can be used again after a reboot; a holder that lives keeps its file young.
  const timer = setInterval(() => fs.utimes(held, new Date(), new Date(), () => {}), beat);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    fs.rmSync(held, { force: true });
  }
}

async function acquire(lock: string, waiting: (holder: number) => void): Promise<void> {
  for (let told = false; ; await sleep(200)) {
    const mine = fs.mkdtempSync(`${lock}-`);
    fs.writeFileSync(path.join(mine, String(process.pid)), "");
    try {
      fs.renameSync(mine, lock);
      return;
    } catch (error) {
      fs.rmSync(mine, { recursive: true });
      if (!isErrno(error, "ENOTEMPTY") && !isErrno(error, "EEXIST")) throw error;
    }
    const holder = evictTheDead(lock);
    if (holder !== undefined && !told) {
      told = true;
      waiting(holder);
    }
  }
}

/** The living holder, if there is one. */
function evictTheDead(lock: string): number | undefined {
  for (const name of fs.readdirSync(lock)) {
    const file = path.join(lock, name);
    const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (isAlive(Number(name)) && age < abandonedAfter) return Number(name);
    fs.rmSync(file, { force: true });
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return isErrno(error, "EPERM");
  }
}

/** A killed process whose parent has not noticed yet (in a container, maybe never) still has its number. */
function isZombie(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return fs.existsSync(stat) && /\) Z [^)]*$/.test(fs.readFileSync(stat, "utf8"));
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
