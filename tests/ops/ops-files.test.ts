import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const folder = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');

let service: TestService;
/** The names of all metrics that there are, without what histograms append. */
let known: Set<string>;

beforeAll(async () => {
  service = await startTestService();
  const text = await (await fetch(`${service.url}/metrics`)).text();
  known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
});

afterAll(() => service.stop());

/** The metrics that a text names, ours and those of the process; recording rules have colons. */
function metricsIn(text: string): string[] {
  const names = [...text.matchAll(/\b(?:joint_ledger|nodejs|process)_[a-z0-9_]+(?![a-z0-9_:]|\.)/g)].map(
    ([name]) => name,
  );
  return [...new Set(names)];
}

function isKnown(name: string): boolean {
  return known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''));
}

test.each(['ops/grafana/joint-ledger.json', 'ops/prometheus/rules.yaml', 'ops/prometheus/rules.test.yaml'])(
  '%s names only metrics that there are',
  (file) => {
    const named = metricsIn(read(file));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !isKnown(name))).toEqual([]);
  },
);

test('the list in operations.md has every metric of the service', () => {
  const listed = read('docs/operations.md');
  const ours = [...known].filter((name) => name.startsWith('joint_ledger_'));
  expect(ours.filter((name) => !listed.includes(name))).toEqual([]);
});

describe('rules for Prometheus', () => {
  const { groups } = parse(read('ops/prometheus/rules.yaml'));
  const rules = groups.flatMap((group: { rules: object[] }) => group.rules);

  test('each alert says how urgent it is, what is wrong and what to do', () => {
    const alerts = rules.filter((rule: { alert?: string }) => rule.alert !== undefined);
    expect(alerts.length).toBeGreaterThan(5);
    for (const alert of alerts) {
      expect(alert).toMatchObject({
        alert: expect.stringMatching(/^JointLedger/),
        expr: expect.stringMatching(/\S/),
        labels: { severity: expect.stringMatching(/^(page|warn)$/) },
        annotations: { summary: expect.stringMatching(/\S/), description: expect.stringMatching(/\S/) },
      });
    }
  });

  test('their own tests name alerts that there are, and pass where promtool is', () => {
    const { tests } = parse(read('ops/prometheus/rules.test.yaml'));
    const tested = tests.flatMap((each: { alert_rule_test: Array<{ alertname: string }> }) => each.alert_rule_test);
    const named = tested.map(({ alertname }: { alertname: string }) => alertname);
    expect(rules.map((rule: { alert?: string }) => rule.alert)).toEqual(expect.arrayContaining(named));
    const file = new URL('ops/prometheus/rules.test.yaml', folder).pathname;
    const { error, status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    if (error === undefined) expect([status, stdout, stderr]).toEqual([0, expect.any(String), expect.any(String)]);
    else process.stdout.write('promtool is not here: the rules were not played.\n');
  });
});

describe('what is started with', () => {
  test('the pods of Kubernetes, fits the service: settings, options, probes', () => {
    const documents = parseAllDocuments(read('ops/kubernetes/joint-ledger.yaml')).map((each) => each.toJS());
    const deployments = documents.filter(({ kind }) => kind === 'Deployment');
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['joint-ledger-api', 'joint-ledger-worker']);
    for (const { spec } of deployments) {
      const { containers, securityContext, terminationGracePeriodSeconds } = spec.template.spec;
      expect(securityContext.runAsNonRoot).toBe(true);
      for (const { args, env, startupProbe, readinessProbe, livenessProbe, securityContext: own } of containers) {
        const config = readConfig(environmentOf(env), args);
        // Kubernetes kills what has not stopped by then.
        expect(config.shutdownTimeoutMs).toBeLessThan(terminationGracePeriodSeconds * 1_000);
        const paths = [startupProbe, readinessProbe, livenessProbe].map((probe) => probe.httpGet.path);
        expect(paths).toEqual(['/readyz', '/readyz', '/healthz']);
        expect(own).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      }
    }
    // What the service sends requests to is a part of a deployment.
    const routed = documents.find(({ kind }) => kind === 'Service').spec.selector;
    expect(deployments.map(({ spec }) => spec.template.metadata.labels)).toContainEqual(routed);
  });

  test('compose, too', () => {
    const { services } = parse(read('compose.yaml'), { merge: true });
    for (const { command, environment, read_only, depends_on, image } of [services.api, services.worker]) {
      expect(image).toBe('joint-ledger');
      expect(read_only).toBe(true);
      expect(depends_on.database.condition).toBe('service_healthy');
      const url = environment.DATABASE_URL.replace(/\$\{POSTGRES_PASSWORD[^}]*\}/, 'secret');
      expect(environment.SECRETS_KEY).toMatch(/^\$\{SECRETS_KEY:\?[^}]+\}$/);
      const { SECRETS_KEY } = localWebhookSettings;
      expect(readConfig({ ...environment, DATABASE_URL: url, SECRETS_KEY }, command).databaseUrl).toBe(url);
    }
    expect([services.api, services.worker].map(({ command }) => readConfig({}, command).role)).toEqual([
      'api',
      'worker',
    ]);
  });

  test('the image: without root, without the embedded server, signals to the service itself', () => {
    const dockerfile = read('Dockerfile');
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER node$/m);
    const entry = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(last)![1]!);
    expect(entry).toEqual(['node', '--max-semi-space-size=64', 'dist/src/main.js']);
    expect(dockerfile).toContain('npm prune --omit=dev --omit=optional');
    const copied = [...last.matchAll(/^COPY --from=build \/build\/(\S+) /gm)].map(([, from]) => from);
    expect(copied).toEqual(['package.json', 'node_modules', 'dist']);
    // What the build needs is not left out of what is sent to it.
    const ignored = read('.dockerignore').trim().split('\n');
    for (const needed of ['package.json', 'package-lock.json', 'src', 'migrations', 'seeds', 'scripts'])
      expect(ignored).not.toContain(needed);
  });
});

test('every file for operators is one of these', () => {
  const files = readdirSync(new URL('ops', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(new URL('.', folder).pathname, path.join(entry.parentPath, entry.name)));
  expect(files.sort()).toEqual([
    'ops/grafana/joint-ledger.json',
    'ops/kubernetes/joint-ledger.yaml',
    'ops/prometheus/rules.test.yaml',
    'ops/prometheus/rules.yaml',
  ]);
});

interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
}

/** A secret's value is not in the file. */
function environmentOf(entries: readonly EnvironmentEntry[]): Record<string, string> {
  const kept: Record<string, string> = {
    DATABASE_URL: 'postgres://user:secret@host:5432/ledger',
    SECRETS_KEY: localWebhookSettings.SECRETS_KEY,
  };
  return Object.fromEntries(entries.map(({ name, value }) => [name, value ?? kept[name]!]));
}
