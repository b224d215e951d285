import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));

/** The module of the build, or of a package, that stands for a file. */
function standIn(file) {
  const inProject = path.relative(project, file);
  // A package that is configured by the service, and used by a test, must be the same one.
  const isPackage = inProject.startsWith('node_modules');
  return pathToFileURL(isPackage ? file : path.join(project, 'dist', inProject.replace(/\.ts$/, '.js'))).href;
}

async function write(file) {
  const url = standIn(file);
  // Packages export reserved words, too.
  const names = Object.keys(await import(url)).map((name) => JSON.stringify(name));
  const lines = names.map(
    (name, index) => `const export${index} = loaded[${name}]; export { export${index} as ${name} };`,
  );
  return [`const loaded = await loadOnce(${JSON.stringify(url)});`, ...lines].join('\n');
}

/**
 * What jest makes of a source file that a test imports: no copy of it in the sandbox of that test file, but what the
 * worker process has loaded from the build, once for all of its test files (`shared-build-environment.mjs`). To load
 * the service again for each of them took longer than to test it.
 */
export default {
  getCacheKeyAsync: async (_source, file) =>
    createHash('sha256')
      .update(await write(file))
      .digest('hex'),
  processAsync: async (_source, file) => ({ code: await write(file) }),
};
