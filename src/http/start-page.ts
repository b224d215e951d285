import { createHash } from 'node:crypto';
import { z } from 'zod';
import { get, type Route } from './route.ts';

/** What the page at `/` depends on. */
export interface StartPageSettings {
  readonly lab: boolean;
  /** Of a service that keeps the key of its demo accounts in a file; undefined for any other. */
  readonly demo?: { readonly accountId: string; readonly keyFile: string } | undefined;
}

const style = `
:root { color-scheme: light dark; --page: #fff; --text: #1b1f24; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --link: #79b8ff; } }
body { background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 44rem; }
pre { padding: 0.75rem; border: 1px solid; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: var(--link); }
li { margin: 0.25rem 0; }
`;

/** The page loads nothing and runs nothing; its one style is known by its hash. */
const securityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  ...['img-src data:', "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** What people see who open the address of the service. The key itself is never on it: its readers have no key. */
export function startPage(settings: StartPageSettings): Route {
  return get(
    '/',
    {
      summary: 'Open the page that says where everything is',
      ...{ keys: 'none', query: z.looseObject({}), offers: { host: true } },
      ...{ answers: { 200: z.string() }, mediaType: 'text/html; charset=utf-8' },
    },
    async ({ host }) => ({
      status: 200,
      body: drawPage(settings, host),
      headers: { 'Content-Security-Policy': securityPolicy, 'Referrer-Policy': 'no-referrer' },
    }),
  );
}

function drawPage({ lab, demo }: StartPageSettings, host: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>joint-ledger</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>joint-ledger</h1>
<p>The ledger behind accounts that several people share. It keeps balances, moves money over HTTP, asks for the
signatures that an account wants, and stays right when everybody acts at once.</p>
<h2>Make the first call</h2>
${demo === undefined ? callWithKey(host) : callOfDemo(host, demo)}
<h2>Find your way</h2>
<ul>
<li><a href="/docs">The API</a>, to read and to try</li>
<li><a href="/openapi.json">Its description</a> in OpenAPI 3.1, for generators of clients</li>
<li><a href="/errors">Error codes</a></li>
${lab ? '<li><a href="/lab">The race lab</a>: see what is lost without locks, and what each cure does</li>\n' : ''}</ul>
</main>
</body>
</html>
`;
}

function callOfDemo(host: string, { accountId, keyFile }: { accountId: string; keyFile: string }): string {
  const call = `curl -sS http://${host}/v1/accounts/${accountId}/deposits \\
  -H "Authorization: Bearer $(cat '${keyFile}')" \\
  -H 'Content-Type: application/json' -d '{"amount":"100.00","currency":"USD"}'`;
  return `<p>It deposits 100.00 USD into the joint account "Household", in the folder where the service was started:</p>
<pre><code>${escaped(call)}</code></pre>`;
}

function callWithKey(host: string): string {
  const call = `KEY=...the API key...\ncurl -sS http://${host}/v1/accounts -H "Authorization: Bearer $KEY"`;
  return `<p>It lists accounts. <code>npm run ledger:create -- "My ledger"</code> makes a ledger and prints its key.</p>
<pre><code>${escaped(call)}</code></pre>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
