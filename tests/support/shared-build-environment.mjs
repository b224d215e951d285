import './statements/collect-statements.mjs';
import { TestEnvironment } from 'jest-environment-node';

/** Where a test file runs: a sandbox of its own, but for the build of the service, which all files share. */
export default class SharedBuildEnvironment extends TestEnvironment {
  constructor(...settings) {
    super(...settings);
    // Called by what `load-build-once.mjs` writes.
    this.global.loadOnce = (url) => import(url);
    // Errors of the build are errors in the sandbox, too.
    for (const type of [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])
      this.global[type.name] = type;
  }
}
