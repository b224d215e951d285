import fs from 'node:fs';

/** Is there a process of this number, whosever it is? */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Is this process the server of this data folder, and not another one that got a dead server's number? */
export function isPostmasterOf(pid: number, folder: string): boolean {
  if (!(pid > 0)) return false;
  if (process.platform !== 'linux') return isProcessAlive(pid);
  try {
    // The server changes into its data folder.
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  }
  try {
    // Root in a container without the right to inspect other users' processes still sees their names.
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
  } catch {
    return false;
  }
}
