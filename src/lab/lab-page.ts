import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { get, type Route } from '../http/route.ts';

/** Plain files, which a browser takes as they are; the build has them as well (`scripts/run-built.mjs`). */
export const pageFolder = new URL('./page/', import.meta.url);

/** All that the page loads comes from here, and nothing of it is written into the page itself. */
const securityPolicy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'", 'img-src data:'],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const [html, css, script] = ['text/html; charset=utf-8', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'];

/** Where the files of the page are found, and what they are. */
const pageFiles: ReadonlyArray<readonly [path: string, file: string, mediaType: string]> = [
  ['/lab', 'index.html', html],
  ['/lab/', 'index.html', html],
  ['/lab/lab.css', 'lab.css', css],
  ['/lab/picture.css', 'picture.css', css],
  ['/lab/lab.js', 'lab.js', script],
  ['/lab/run-stream.js', 'run-stream.js', script],
  ['/lab/build-table.js', 'build-table.js', script],
  ['/lab/show-round.js', 'show-round.js', script],
  ['/lab/draw-round.js', 'draw-round.js', script],
  ['/lab/draw-lanes.js', 'draw-lanes.js', script],
  ['/lab/draw-rows.js', 'draw-rows.js', script],
  ['/lab/draw-findings.js', 'draw-findings.js', script],
  ['/lab/lay-out.js', 'lay-out.js', script],
  ['/lab/svg-tag.js', 'svg-tag.js', script],
  ['/lab/picture-player.js', 'picture-player.js', script],
];

/** The page of the race lab. Its address may carry the parameters of a run, which only the page reads. */
export const labPageRoutes: readonly Route[] = pageFiles.map(([path, file, mediaType]) =>
  get(
    path,
    {
      summary: file === 'index.html' ? 'Open the race lab, as a page' : `Read ${file} of the page of the race lab`,
      ...{ keys: 'none', query: z.looseObject({}), answers: { 200: z.string() }, mediaType },
    },
    async () => ({
      status: 200,
      body: await readFile(new URL(file, pageFolder), 'utf8'),
      headers: { 'Content-Security-Policy': securityPolicy, 'Referrer-Policy': 'no-referrer' },
    }),
  ),
);
