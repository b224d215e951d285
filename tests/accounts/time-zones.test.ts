import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isTimeZone, refuseUnknownTimeZone } from '../../src/accounts/time-zone.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Accounts begin their days, and standing orders fall due, in zones of the same names: what one takes, the other takes.

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

/** What opening an account, changing one, and a standing order of one answer to a time zone. */
async function verdicts(timeZone: string) {
  const { client } = service;
  const opening = { name: 'Somewhere', currency: 'USD', ownership: 'joint', timeZone };
  const [from, to] = await Promise.all([client.openAccount(), client.openAccount()]);
  const schedule = { startsAt: '2099-01-01T09:00:00', timeZone };
  const order = { fromAccountId: from, toAccountId: to, currency: 'USD', amount: '1.00', schedule };
  const answers = {
    post: await client.post('/v1/accounts', opening),
    patch: await client.patch(`/v1/accounts/${from}`, { timeZone }),
    standingOrder: await client.post('/v1/standing-orders', order),
  };
  const { post, patch, standingOrder } = answers;
  return {
    statuses: [post.status, patch.status, standingOrder.status],
    told: [post.body.timeZone, patch.body.timeZone, standingOrder.body.schedule?.timeZone],
    errors: [post, patch, standingOrder].flatMap(({ body }) => body.errors ?? []),
  };
}

test.each([
  ...['UTC', 'GMT', 'Etc/UTC', 'Etc/GMT+5', 'Etc/GMT-14', 'GMT0', 'EST5EDT', 'PST8PDT', 'EST', 'Zulu'],
  ...['Europe/Madrid', 'Europe/Kyiv', 'Europe/Kiev', 'GB', 'GB-Eire', 'W-SU', 'PRC', 'NZ-CHAT', 'US/Pacific'],
  ...['America/Argentina/Buenos_Aires', 'America/Port-au-Prince', 'America/North_Dakota/New_Salem', 'Asia/Calcutta'],
  ...['Antarctica/DumontDUrville', 'Africa/Cairo', 'Pacific/Kiritimati', 'Asia/Kathmandu', 'Australia/Lord_Howe'],
])('%s is a time zone everywhere', async (timeZone) => {
  const found = await verdicts(timeZone);
  expect(found).toEqual({ statuses: [201, 200, 201], told: [timeZone, timeZone, timeZone], errors: [] });
});

test.each([
  // Offsets and POSIX rules, which PostgreSQL would take, some with the opposite sign.
  ...['+01:00', '-05', '+0100', 'UTC+1', 'GMT+5', 'EST5', 'EST5EDT4', 'EST5EDT,M3.2.0,M11.1.0', 'ABC123', '<+01>-1'],
  ...['Etc/GMT+15', 'Z', 'SystemV/EST5'],
  // Abbreviations; to node, the last four have a summer time, to PostgreSQL they have none.
  ...['CEST', 'IST', 'PST', 'JST', 'CET', 'MET', 'EET', 'WET'],
  // Other letters, what one side alone knows, what nobody knows.
  ...['utc', 'europe/madrid', 'EUROPE/MADRID', 'Factory', 'posixrules', 'localtime', 'US/Pacific-New'],
  ...['Mars/Olympus', 'Europe/', '/Madrid', 'Europe/../UTC', 'Europe/Madrid ', 'Europe/Madrid\n', 'Europe', 'A'],
  ...["UTC'; select 1; --", 'constructor', 'a'.repeat(65), `Europe/${'a'.repeat(60)}`],
])('%j is no time zone anywhere', async (timeZone) => {
  const found = await verdicts(timeZone);
  const message = 'must be a time zone such as "Europe/Madrid"';
  expect(found.statuses).toEqual([400, 400, 400]);
  expect(found.errors).toEqual(
    ['timeZone', 'timeZone', 'schedule.timeZone'].map((path) => ({ in: 'body', path, message })),
  );
});

test('every zone that node lists is one to the database as well', async () => {
  const zones = Intl.supportedValuesOf('timeZone');
  expect(zones.filter((timeZone) => !isTimeZone(timeZone))).toEqual([]);
  await Promise.all(zones.map((timeZone) => refuseUnknownTimeZone(service.database, timeZone, timeZone)));
});
