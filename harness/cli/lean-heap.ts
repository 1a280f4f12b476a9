import { setFlagsFromString } from 'node:v8'

// This process mostly waits for others. Left alone, V8 lets the space of young objects grow to 64 MB, and compiles
// Graphviz twice, the second time for a speed that a hundred drawings never earn back.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--liftoff-only')
setFlagsFromString('--optimize-for-size')

/** From now on time counts and not size: no worker is there any more that needs memory beside this process. */
export function useRoom(): void {
  setFlagsFromString('--no-optimize-for-size')
}
