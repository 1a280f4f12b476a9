import { setFlagsFromString } from 'node:v8'

// This process mostly waits for others. Left alone, V8 lets the space of young objects grow to 64 MB, and compiles
// Graphviz twice, the second time for a speed that a hundred drawings never earn back.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--liftoff-only')
setFlagsFromString('--optimize-for-size')

// process.exit() waits for V8's compilers in the background, and one of these may wait for the main thread to collect garbage:
// then the process never ends (nodejs/node#54918; seen after SIGTERM in the middle of a run). Without these two none waits.
setFlagsFromString('--no-concurrent-sparkplug')
setFlagsFromString('--no-maglev')

/** From now on time counts and not size: no worker is there any more that needs memory beside this process. */
export function useRoom(): void {
  setFlagsFromString('--no-optimize-for-size')
}
