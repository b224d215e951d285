/** No server of those named could be connected to, or was of use. Its `cause` says why, of the last one. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}
