import fs from 'node:fs';

/** The kernel counts in hundredths of a second (proc(5), sysconf(_SC_CLK_TCK)). */
const microsPerTick = 10_000;

/** The fields of /proc/<pid>/stat that are used, counted behind the name, which may contain spaces. */
const field = { parent: 1, user: 11, system: 12, endedUser: 13, endedSystem: 14 };

/**
 * The processor time in microseconds that a process, all its descendants and those of them that have ended have taken
 * until now. Undefined where the system doesn't tell, which is anywhere but on Linux.
 */
export function processorMicros(rootPid: number): number | undefined {
  const processes = readProcesses();
  if (!processes.has(rootPid)) return undefined;
  const isOfTree = (pid: number): boolean =>
    pid === rootPid || (processes.has(pid) && isOfTree(processes.get(pid)![0]));
  let ticks = 0;
  for (const [pid, [, own]] of processes) if (isOfTree(pid)) ticks += own;
  return ticks * microsPerTick;
}

/** By process, its parent and its ticks, those of its children that have ended included. */
function readProcesses(): Map<number, [parent: number, ticks: number]> {
  const processes = new Map<number, [number, number]>();
  for (const name of listProcesses()) {
    const stat = readStat(name);
    if (stat === undefined) continue;
    const at = (index: number) => Number(stat[index]);
    const ticks = at(field.user) + at(field.system) + at(field.endedUser) + at(field.endedSystem);
    processes.set(Number(name), [at(field.parent), ticks]);
  }
  return processes;
}

function listProcesses(): string[] {
  try {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readStat(pid: string): string[] | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** The process that started this one; 0 where the system doesn't tell. */
export function parentOf(pid: number): number {
  return Number(readStat(String(pid))?.[field.parent] ?? 0);
}
