/**
 * The services that test files leave to the next ones of their worker process, each on a database without rows, and
 * such databases that nothing runs on. Node loads this file, once for all of them; jest would load it for each.
 */
export const keptServices = [];
export const keptDatabases = [];
/** What serves the database that test files share, where there is one. */
export const sharedApis = [];

export async function endServices() {
  const apis = [...keptServices.splice(0).map(({ api }) => api), ...sharedApis.splice(0)];
  await Promise.all(apis.map((api) => api.stop(1_000)));
}

// A worker process that is told to end has half a second for it: what jest-worker sends then begins with a 2.
if (process.send !== undefined) {
  const onMessage = ([type]) => {
    if (type !== 2) return;
    process.off('message', onMessage);
    void endServices();
  };
  process.on('message', onMessage);
  // A service that waits for requests would keep the process when the run is killed.
  process.once('disconnect', () => process.exit());
}
