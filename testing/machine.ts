import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { ApiServer, type Asked, type Reply } from "./apiServer";

/** A machine with a home and a kubeconfig of its own, for each test. */
class Machine {
  folder = "";
  #server: ApiServer | undefined;

  /** KUBECONFIG with these contexts, each of which leads to one server. Without an answer, it says 404. */
  async haveContexts(
    contexts: readonly string[],
    answer: (asked: Asked) => Reply = () => undefined,
  ): Promise<string> {
    this.#server = await ApiServer.start(answer);
    const content = this.#server.kubeconfig(contexts);
    writeFileSync(join(this.folder, "kubeconfig"), content);
    vi.stubEnv("KUBECONFIG", join(this.folder, "kubeconfig"));
    return content;
  }

  withoutKubeconfig(): void {
    vi.stubEnv("KUBECONFIG", join(this.folder, "missing"));
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}

/** Registers what makes it before each test of the file, and takes it away again. */
export function machine(): Machine {
  const made = new Machine();
  beforeEach(() => {
    made.folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-machine-"));
    vi.stubEnv("HOME", made.folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    rmSync(made.folder, { recursive: true });
    await made.stop();
  });
  return made;
}
