import type { Finding } from './run-result.ts';
import type { RecordedLane, TraceLanes } from './trace-lanes.ts';

type Deadlock = Extract<Finding, { kind: 'deadlock' }>;

const edge = /Process (\d+) waits for .*?; blocked by process (\d+)\./g;

/** The statements that the server ended with 40P01, with the circle as its message tells it. */
export function findDeadlocks(lanes: TraceLanes): Deadlock[] {
  return lanes.statements
    .filter(({ sqlState }) => sqlState === '40P01')
    .map((victim) => {
      const atUs = victim.toUs;
      // What the lane waited in: of its statements the one that overlaps most with the victim's.
      const under = ({ statements }: RecordedLane) =>
        statements
          .map(({ index, fromUs, toUs }) => ({ index, us: Math.min(toUs, atUs) - Math.max(fromUs, victim.fromUs) }))
          .filter(({ us }) => us > 0)
          .sort((a, b) => b.us - a.us)[0]?.index ?? null;
      const loop = [...victim.detail.matchAll(edge)].flatMap(([, waiting, blocking]) => {
        const lane = lanes.laneOf(Number.parseInt(waiting!, 10), atUs);
        const waitsFor = lanes.laneOf(Number.parseInt(blocking!, 10), atUs);
        if (lane === undefined || waitsFor === undefined) return [];
        return [{ lane: lane.index, statement: under(lane), waitsFor: waitsFor.index }];
      });
      const nameOf = (lane: number) => {
        const caller = lanes.lanes[lane]!.record?.caller;
        return caller === undefined ? 'the engine' : `caller ${caller + 1}`;
      };
      const circle = loop.map(({ lane, waitsFor }) => `${nameOf(lane)} waits for ${nameOf(waitsFor)}`).join(', ');
      const text = `${circle}: the server ends ${nameOf(victim.lane)} with 40P01.`;
      return { kind: 'deadlock' as const, text, lane: victim.lane, statement: victim.index, atUs, loop };
    });
}
