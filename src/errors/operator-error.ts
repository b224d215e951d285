/** Something that the person who runs the service must mend. Its message is the sentence that tells them how. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}
