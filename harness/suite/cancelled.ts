/** What vitest says of tests that a cancelled run left out, whoever cancelled it. */
export const runCancelled = 'The test run was aborted by the user.'

/** What a report says of them. */
export const runStopped = 'the run was stopped before: by --bail, or by hand'

/** Whether a scenario was ended because the run was, and not by its own deadline. */
export const isCancelled = (signal: AbortSignal): boolean =>
  signal.aborted && signal.reason instanceof Error && signal.reason.name === 'TestRunAbortError'
