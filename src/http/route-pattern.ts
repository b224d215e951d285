/**
 * The pattern that the path of an address fits, such as `/v1/accounts/:accountId`; undefined when none does. Unlike
 * what Express leaves in a request it is there for requests that were refused before they came to their route.
 */
export function findRoutePattern(patterns: readonly string[], address: string): string | undefined {
  const segments = pathOf(address).split('/');
  return patterns.find((pattern) => {
    const wanted = pattern.split('/');
    return (
      wanted.length === segments.length &&
      wanted.every((part, index) => part === segments[index] || (part.startsWith(':') && segments[index] !== ''))
    );
  });
}

/**
 * The path of an address with those of its parameters that pass, and the names of the others: an external id can be a
 * person's.
 */
export function fillPattern(pattern: string, address: string, passes: (part: string) => boolean): string {
  const parts = pathOf(address).split('/');
  return pattern
    .split('/')
    .map((part, index) => (part.startsWith(':') && passes(parts[index] ?? '') ? parts[index] : part))
    .join('/');
}

/** HTTP/1.1 allows a whole URL in the request line (RFC 9112, section 3.2.2). */
function pathOf(address: string): string {
  return /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(address)![1]!;
}
