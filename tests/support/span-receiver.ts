import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP writes it in JSON, with its attributes as an object. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>;
}

export interface SpanReceiver {
  readonly url: string;
  /** All that arrived, in any order. */
  readonly spans: ReceivedSpan[];
  /** As it came, to look for what must not be there. */
  text(): string;
  close(): Promise<void>;
}

type Value = Readonly<Record<string, unknown>>;
type Attribute = { readonly key: string; readonly value: Value };

const asObject = (attributes: readonly Attribute[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A receiver of OTLP over HTTP on a loopback address; one that is `silent` takes what comes and never answers. */
export async function startSpanReceiver({ silent = false } = {}): Promise<SpanReceiver> {
  const spans: ReceivedSpan[] = [];
  let text = '';
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    text += body;
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const service = String(asObject(resource.attributes)['service.name']);
      for (const span of scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans)) {
        const { attributes, links = [], parentSpanId } = span;
        spans.push({
          ...span,
          service,
          parentSpanId: parentSpanId || undefined,
          links,
          attributes: asObject(attributes),
        });
      }
    }
    if (!silent) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => text,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
