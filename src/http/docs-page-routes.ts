import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { get, type Route } from './route.ts';

const ownFolder = new URL('./docs-page/', import.meta.url);
const swaggerFile = (name: string) => createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`);

/** All that the page loads comes from here; swagger-ui sets styles and draws its icons by itself. */
const securityPolicy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self' 'unsafe-inline'", "connect-src 'self'", "img-src 'self' data:"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const [html, css, script] = ['text/html; charset=utf-8', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'];

const files: ReadonlyArray<readonly [path: string, file: string | URL, mediaType: string]> = [
  ['/docs', new URL('index.html', ownFolder), html],
  ['/docs/', new URL('index.html', ownFolder), html],
  ['/docs/docs.js', new URL('docs.js', ownFolder), script],
  ['/docs/swagger-ui.css', swaggerFile('swagger-ui.css'), css],
  ['/docs/swagger-ui-bundle.js', swaggerFile('swagger-ui-bundle.js'), script],
];

/** The description of the API as a page, which calls this service with the key that is put in there. */
export const docsPageRoutes: readonly Route[] = files.map(([path, file, mediaType]) =>
  get(
    path,
    {
      summary: mediaType === html ? 'Open the description of the API, as a page' : `Read ${path}`,
      ...{ keys: 'none', query: z.looseObject({}), answers: { 200: z.string() }, mediaType },
    },
    async () => ({
      status: 200,
      body: await readFile(file, 'utf8'),
      headers: { 'Content-Security-Policy': securityPolicy, 'Referrer-Policy': 'no-referrer' },
    }),
  ),
);
