import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { projectFolder } from './server-process.ts';

/** A real Chromium, and what removes whatever was made for it. */
export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

/**
 * Starts a Chromium. On Linux with x64 it comes from an npm package of the project; elsewhere from the machine, or for
 * root from Debian's package. Throws an Error that says what to install where there is none.
 */
export async function startBrowser(): Promise<TestBrowser> {
  const folder = await mkdtemp(path.join(tmpdir(), 'joint-ledger-browser-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const isPackaged = process.platform === 'linux' && process.arch === 'x64';
    const executablePath = isPackaged ? await unpack(folder) : findInstalled();
    const own = { LD_LIBRARY_PATH: path.join(folder, 'lib'), FONTCONFIG_FILE: path.join(folder, 'own-fonts.conf') };
    const env = { ...process.env, ...own } as Record<string, string>;
    const browser = await chromium.launch({ executablePath, args, ...(isPackaged ? { env } : {}) });
    return { browser, close: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The browser, and the libraries and fonts that a machine may lack, out of the package's archives. */
async function unpack(folder: string): Promise<string> {
  const archives = path.join(projectFolder, 'node_modules/@sparticuz/chromium/bin');
  const executable = path.join(folder, 'chromium');
  const packed = createReadStream(path.join(archives, 'chromium.br'));
  await pipeline(packed, createBrotliDecompress(), createWriteStream(executable));
  await chmod(executable, 0o700);
  for (const archive of ['al2023.tar.br', 'fonts.tar.br']) {
    const unpacked = brotliDecompressSync(await readFile(path.join(archives, archive)));
    const { status } = spawnSync('tar', ['-x', '-C', folder], { input: unpacked });
    if (status !== 0) throw new Error('What the packaged Chromium needs could not be unpacked: tar is missing.');
  }
  const places = `<dir>${folder}/fonts</dir><cachedir>${folder}/cache</cachedir>`;
  await writeFile(path.join(folder, 'own-fonts.conf'), `<fontconfig>${places}</fontconfig>`);
  return executable;
}

function findInstalled(): string {
  const names = [
    '/usr/bin/chromium',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  const find = () => names.find((name) => existsSync(name));
  if (find() === undefined && process.getuid?.() === 0) spawnSync('apt-get', ['install', '-y', 'chromium']);
  const found = find();
  if (found === undefined) throw new Error('The page is tested in Chromium: install it (apt-get install chromium).');
  return found;
}
