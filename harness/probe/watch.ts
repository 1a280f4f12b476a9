import type { CapturedFrame, Capture } from '../machines/channel/channel.ts'
import type { NamespaceTarget } from '../lab/graph-reader.ts'
import type { Lab } from '../lab/lab.ts'

/** Frames kept of one lab; a lab that is this loud is not quiet, and its verdicts are refused. */
const keptFrames = 50_000

/** A captured frame and the namespace it was captured in. */
export interface SeenFrame {
  readonly ns: string
  readonly frame: CapturedFrame
  /** `performance.now()` of its arrival at the harness. */
  readonly at: number
}

/** Captures every device of every namespace of a lab, from before the script until the lab ends. */
export interface Watch {
  readonly frames: readonly SeenFrame[]
  /** Delivers everything captured so far, then answers the position after the last frame. */
  readonly mark: () => Promise<number>
  /** Why the captures cannot be trusted; absent when they can. Kept: a capture that lost frames once stays suspect. */
  readonly problem: () => string | undefined
}

/** Starts the captures; namespaces that appear later are watched from their first moment. */
export async function watchLab(lab: Lab): Promise<Watch> {
  const frames: SeenFrame[] = []
  const captures = new Map<string, Capture>()
  let problem: string | undefined

  const appeared = async (target: NamespaceTarget): Promise<void> => {
    try {
      const onFrame = (frame: CapturedFrame): void => {
        if (frames.length < keptFrames) frames.push({ ns: target.id, frame, at: performance.now() })
        else problem ??= `more than ${String(keptFrames)} frames were captured`
      }
      captures.set(target.path, await lab.channel.capture(target.path, onFrame))
    } catch (error) {
      problem ??= `namespace ${target.id} cannot be watched: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  const vanished = ({ path }: NamespaceTarget): void => {
    captures.get(path)?.close()
    captures.delete(path)
  }
  await lab.watchNamespaces({ appeared, vanished })
  return {
    frames,
    mark: async () => {
      await Promise.all(
        [...captures].map(async ([ns, capture]) => {
          const dropped = await capture.sync()
          if (dropped > 0) problem ??= `the kernel dropped ${String(dropped)} captured frames in ${ns}`
        }),
      )
      return frames.length
    },
    problem: () => problem,
  }
}
