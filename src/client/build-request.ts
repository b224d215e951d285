/** Where what a call takes belongs. */
export interface Place {
  readonly method: string;
  /** `/v1/accounts/{accountId}/deposits` */
  readonly path: string;
  readonly query: readonly string[];
  readonly hasBody: boolean;
  readonly hasKey: boolean;
}

/**
 * Address and body of a call: of what it takes, fields that the path names go there, those of the query there, and all
 * else into the body.
 */
export function buildRequest(
  baseUrl: string,
  { path, query, hasBody }: Place,
  input: Readonly<Record<string, unknown>>,
): { url: string; body: string | undefined } {
  const inPath = new Set<string>();
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    inPath.add(name);
    const value = input[name];
    // JavaScript has no types that would say so.
    if (value === undefined || value === null || value === '') throw new TypeError(`The call needs ${name}.`);
    return encodeURIComponent(String(value));
  });
  const others = Object.entries(input).filter(([name, value]) => value !== undefined && !inPath.has(name));
  const parameters = new URLSearchParams();
  for (const [name, value] of others) if (query.includes(name)) addParameter(parameters, name, value);
  const url = parameters.size === 0 ? `${baseUrl}${filled}` : `${baseUrl}${filled}?${parameters}`;
  const fields = Object.fromEntries(others.filter(([name]) => !query.includes(name)));
  return { url, body: hasBody ? JSON.stringify(fields) : undefined };
}

/** An object as `metadata[invoice]=A-1`, the style `deepObject` of OpenAPI; null is no value of a query. */
function addParameter(parameters: URLSearchParams, name: string, value: unknown): void {
  if (value === null) return;
  // Ids and types are listed with commas between them.
  if (Array.isArray(value)) parameters.append(name, value.join());
  else if (typeof value !== 'object') parameters.append(name, String(value));
  else for (const [key, field] of Object.entries(value)) parameters.append(`${name}[${key}]`, String(field));
}
