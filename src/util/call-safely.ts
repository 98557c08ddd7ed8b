/**
 * Calls what belongs to the user (a listener, a logger, a progress bar): whatever it throws, and whatever the promise of an
 * async one rejects with, ends here. It must not stop the operation that is being protected, nor end the app as an
 * unhandled rejection.
 */
export function callSafely(call: () => unknown, onError: (error: unknown) => void = () => {}): void {
  try {
    const returned = call();
    if (returned instanceof Promise) returned.catch(onError);
  } catch (error) {
    onError(error);
  }
}
