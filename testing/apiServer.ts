import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import * as x509 from "@peculiar/x509";
import { stringify } from "yaml";

/** What a test's API server is asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Status and JSON body; `undefined` is a 404, and `"hang"` no answer at all. */
export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown }
  | "hang"
  | undefined;

/** An API server in this process: TLS as a cluster's, answers by the test. */
export class ApiServer {
  private constructor(
    private readonly server: Server,
    private readonly ca: string,
  ) {}

  static async start(answer: (asked: Asked) => Reply | Promise<Reply>): Promise<ApiServer> {
    const { certificate, key } = await serverCertificate();
    const server = createServer({ cert: certificate, key }, (request, response) => {
      const url = new URL(request.url ?? "/", "https://server");
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", async () => {
        const reply = await answer({
          method: request.method ?? "",
          path: url.pathname,
          query: url.searchParams,
          authorization: request.headers.authorization,
          body,
        });
        if (reply === "hang") return;
        response.writeHead(reply ? (reply.status ?? 200) : 404, reply?.headers);
        response.end(JSON.stringify(reply ? reply.body : { message: `${url.pathname} not found` }));
      });
    });
    // As a kube-apiserver (apiserver `pkg/server/secure_serving.go`, IdleTimeout).
    server.keepAliveTimeout = 90_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ApiServer(server, certificate);
  }

  /** A kubeconfig with these contexts, all of them for this server, each with its own token. */
  kubeconfig(contexts: readonly string[]): string {
    const { port } = this.server.address() as AddressInfo;
    const data = Buffer.from(this.ca).toString("base64");
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: contexts.map((name) => ({
        name,
        cluster: { server: `https://127.0.0.1:${port}/${name}`, "certificate-authority-data": data },
      })),
      users: contexts.map((name) => ({ name, user: { token: `admin-of-${name}` } })),
      contexts: contexts.map((name) => ({ name, context: { cluster: name, user: name } })),
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function serverCertificate(): Promise<{ certificate: string; key: string }> {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=api",
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
  };
}
