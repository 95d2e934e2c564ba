import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";

/** A headless Chromium: `$CHROMIUM`, or that of the machine; on a Debian machine of root's it is installed. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? installed() ?? install(),
    args: [
      // Chromium's sandbox does not run as root, and only our own page is opened.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

function installed(): string | undefined {
  const look = "command -v chromium || command -v chromium-browser || command -v google-chrome";
  return spawnSync("sh", ["-c", look], { encoding: "utf8" }).stdout.trim() || undefined;
}

function install(): string {
  console.log("There is no Chromium on this machine: installing Debian's.");
  const isRoot = process.getuid?.() === 0;
  const script = "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium";
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const said = isRoot ? spawnSync("sh", ["-c", script], { encoding: "utf8", env: environment }).stderr : "";
  const path = installed();
  if (path) return path;
  throw new Error(`Install Chromium, or name one in CHROMIUM: the page is tried in a browser.\n${said}`);
}
