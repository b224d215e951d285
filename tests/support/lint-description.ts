import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { projectFolder } from './server-process.ts';

/** What a linter of OpenAPI says against openapi.json; undefined when it says nothing. */
export function lintDescription(): Promise<string | undefined> {
  const redocly = createRequire(import.meta.url).resolve('@redocly/cli/bin/cli.js');
  const config = path.join(projectFolder, 'tests/support/redocly.yaml');
  const args = [redocly, 'lint', '--config', config, '--max-problems', '20', 'openapi.json'];
  const options = { cwd: projectFolder, env: { ...process.env, REDOCLY_TELEMETRY: 'off', CI: 'true' } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (_error, stdout, stderr) => {
      const text = `${stdout}${stderr}`;
      const isFine = text.includes('Your API description is valid') && !/(Warning|Error) was generated/.test(text);
      resolve(isFine ? undefined : text);
    });
  });
}
