import { readFileSync } from "node:fs";
import { isHeaderText, type KubeconfigUser } from "../fleet/clusters/kubeconfig";

/** PEM, from base64 or from a file. */
export function bytes(data: string | null | undefined, file: string | null | undefined): string | undefined {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  return file ? readNamed(file) : undefined;
}

function readNamed(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the kubeconfig names ${file}, which cannot be read (${code})`);
  }
}

/** The header of a token or a password. A token's file wins over a token, and is read again for each request. */
export function authorizationOf(user: KubeconfigUser): (() => string) | undefined {
  const { token, tokenFile, username, password, "auth-provider": provider } = user;
  if (provider && provider.name !== "oidc") {
    throw new Error(
      `the kubeconfig uses the auth-provider "${provider.name ?? ""}", which is not supported (nor by kubectl since ` +
        "1.26): use the exec plugin that replaces it",
    );
  }
  if (tokenFile) {
    let last = token || readToken(tokenFile);
    return () => {
      last = attempt(() => readToken(tokenFile)) ?? last;
      return bearer(last);
    };
  }
  if (token) return () => bearer(token);
  if (username || password) {
    const basic = Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64");
    return () => `Basic ${basic}`;
  }
  return provider ? () => bearer(idToken(provider)) : undefined;
}

export function bearer(token: string): string {
  if (!isHeaderText(token)) {
    throw new Error("the kubeconfig's credentials give a token with a line break or control character");
  }
  return headerText(`Bearer ${token}`);
}

/** Go sends the bytes of a text. */
function headerText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function readToken(file: string): string {
  // Go's white space, to which a byte order mark does not belong.
  const token = readNamed(file).replace(/^[\s\x85]+|[\s\x85]+$/g, (space) =>
    space.includes("\ufeff") ? space : "",
  );
  if (token === "") throw new Error(`the kubeconfig's token file ${file} is empty`);
  return token;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/**
 * The one auth-provider that client-go still has, `oidc`, as long as its token is valid. kubectl renews it and writes
 * the kubeconfig anew, which is not for a program that only reads.
 */
function idToken(provider: NonNullable<KubeconfigUser["auth-provider"]>): string {
  const token = provider.config?.["id-token"] ?? "";
  const payload = attempt(() =>
    JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")),
  );
  const expires: unknown =
    typeof payload === "object" && payload !== null ? Reflect.get(payload, "exp") : undefined;
  if (typeof expires === "number" && Date.now() < (expires - 10) * 1000) return token;
  throw new Error(
    "the kubeconfig's auth-provider oidc has no valid id-token: run `kubectl version`, which renews it",
  );
}

export function impersonation(user: KubeconfigUser): Record<string, string | string[]> {
  if (!user.as) return {};
  const extra = Object.entries(user["as-user-extra"] ?? {}).map(
    ([key, values]) => [`impersonate-extra-${headerKey(key)}`, (values ?? []).map(headerText)] as const,
  );
  return {
    "impersonate-user": headerText(user.as),
    ...(user["as-uid"] ? { "impersonate-uid": headerText(user["as-uid"]) } : {}),
    ...(user["as-groups"]?.length ? { "impersonate-group": user["as-groups"].map(headerText) } : {}),
    ...Object.fromEntries(extra),
  };
}

/** As client-go's `headerKeyEscape`: bytes that no header's name may have, and `%`, percent-encoded. */
function headerKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
