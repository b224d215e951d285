import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Starts a script of this folder as a process that outlives us: in a session of its own, so that neither Ctrl-C nor
 * a closed terminal reaches it. The script finds its input with `readScriptInput`.
 */
export function startDetachedScript(name: string, input: object, stdin: 'pipe' | 'ignore'): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const extension = path.extname(here); // .ts in the sources, .js in the build
  // Sources need tsx, named by its full path because the child may start in any folder.
  const loader = extension === '.ts' ? ['--import', tsxUrl()] : [];
  const script = path.join(path.dirname(here), `${name}${extension}`);
  return spawn(process.execPath, [...loader, script, JSON.stringify(input)], {
    detached: true,
    stdio: [stdin, 'ignore', 'ignore'],
    windowsHide: true,
  });
}

/** What `startDetachedScript` was given. */
export function readScriptInput<Input>(): Input {
  return JSON.parse(process.argv[2]!) as Input;
}

function tsxUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
