import fs from "node:fs/promises";
import http from "node:http";
import https from "node:https";

/** How long a site may take to answer, and then to send the next bytes. */
export const patience = { answer: 3_000, bytes: 20_000 };

/** Downloads a URL to a file. Throws an error whose message says, in a few words, why it could not be had. */
export async function download(url: string, file: string): Promise<void> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patience.answer);
  const response = await answerOf(new URL(url), abort.signal).finally(() => clearTimeout(timer));
  response.setTimeout(patience.bytes, () => response.destroy());
  // Not a write stream: a broken one may open its file after its folder was removed.
  const output = await fs.open(file, "w");
  try {
    for await (const chunk of response) await output.write(chunk);
  } catch {
    throw new Error("the download broke off");
  } finally {
    await output.close();
    response.destroy();
  }
}

/**
 * Not `fetch`: Node's ends the process with an assertion when a body without a length (HTTP/1.0) is read more slowly than
 * it comes (undici `client-h1.js`, `Parser.finish`).
 */
async function answerOf(url: URL, signal: AbortSignal, redirects = 5): Promise<http.IncomingMessage> {
  const { get } = url.protocol === "https:" ? https : http;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = get(url, { signal, agent: false }, resolve);
    request.on("error", () => reject(new Error("the site cannot be reached")));
  });
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.destroy();
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirects > 0)
    return answerOf(new URL(headers.location, url), signal, redirects - 1);
  throw new Error(`the site answers HTTP ${statusCode}`);
}
