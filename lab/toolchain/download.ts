import fs from "node:fs/promises";

/** How long a site may take to answer, and then to send the next bytes. */
export const patience = { answer: 3_000, bytes: 20_000 };

/** Downloads a URL to a file. Throws an error whose message says, in a few words, why it could not be had. */
export async function download(url: string, file: string): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), patience.answer);
  const more = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), patience.bytes);
  };
  try {
    const response = await fetch(url, { signal: abort.signal }).catch((): never => {
      throw new Error("the site cannot be reached");
    });
    if (!response.ok || response.body === null) throw new Error(`the site answers HTTP ${response.status}`);
    more();
    // Not a write stream: a broken one may open its file after its folder was removed.
    const output = await fs.open(file, "w");
    try {
      for await (const chunk of response.body) {
        more();
        await output.write(chunk);
      }
    } catch {
      throw new Error("the download broke off");
    } finally {
      await output.close();
    }
  } finally {
    clearTimeout(timer);
  }
}
