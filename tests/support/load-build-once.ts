import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inBuild, projectFolder } from './server-process.ts';

/**
 * What jest makes of a source file that a test imports: no copy of it in the sandbox of that test file, but what the
 * worker process has loaded from the build, once for all of its test files (`shared-build-environment.ts`). To load the
 * service again for each of them took longer than to test it.
 */
export default {
  async processAsync(_source: string, file: string): Promise<{ code: string }> {
    const built = inBuild(path.relative(projectFolder, file).replace(/\.ts$/, '.js'));
    const url = pathToFileURL(built).href;
    const names = Object.keys(await import(url));
    return { code: `export const { ${names.join(', ')} } = await loadOnce(${JSON.stringify(url)});` };
  },
};
