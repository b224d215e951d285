import path from 'node:path';
import { projectFolder } from '../server-process.ts';
import { type Failed, inTemporaryFolder, isThere, outcomeOf, type Python } from './foreign-tools.ts';

const description = path.join(projectFolder, 'openapi.json');

/** Generates a client in Python, compiles all of it and loads each module. */
export function compilePythonClient(python: Python): Promise<string | Failed> {
  return inTemporaryFolder(async (folder) => {
    if ('missing' in python) return python.missing;
    const { bin } = python;
    // Its formatter is looked for there.
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const generate = ['generate', '--path', description, '--meta', 'none', '--output-path', 'ledger_client'];
    const generated = await outcomeOf(path.join(bin, 'openapi-python-client'), generate, { cwd: folder, env });
    // What it could not make it leaves out, and says so.
    if (!generated.isOk || /warning/i.test(generated.text)) return { found: generated.text };
    const load =
      'import pkgutil, importlib, ledger_client as c\n' +
      'for m in pkgutil.walk_packages(c.__path__, "ledger_client."): importlib.import_module(m.name)';
    const loaded = await outcomeOf(path.join(bin, 'python'), ['-c', load], { cwd: folder });
    return loaded.isOk ? 'openapi-python-client makes one whose modules all load' : { found: loaded.text };
  });
}

const generator = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.0';

/** Generates a client in Go and compiles it. */
export function compileGoClient(): Promise<string | Failed> {
  return inTemporaryFolder(async (folder) => {
    if (!(await isThere('go', ['version']))) return 'left out: there is no Go here';
    const options = { cwd: folder, env: { GOBIN: folder, GOFLAGS: '-mod=mod' } };
    const installed = await outcomeOf('go', ['install', generator], options);
    if (!installed.isOk) return 'left out: oapi-codegen could not be loaded';
    const generate = ['-generate', 'types,client', '-package', 'ledger', '-o', 'ledger.go', description];
    const generated = await outcomeOf(path.join(folder, 'oapi-codegen'), generate, options);
    if (!generated.isOk) return { found: generated.text };
    await outcomeOf('go', ['mod', 'init', 'ledger.test/ledger'], options);
    const loaded = await outcomeOf('go', ['get', 'github.com/oapi-codegen/runtime@v1.9.0'], options);
    if (!loaded.isOk) return 'left out: what the client in Go needs could not be loaded';
    const compiled = await outcomeOf('go', ['vet', './...'], options);
    return compiled.isOk ? 'oapi-codegen makes one that compiles' : { found: compiled.text };
  });
}
