import type { Socket } from 'node:net'

/** Bytes that a line may have unless told. */
const usualLimit = 4096

/**
 * A line of a socket, and not a byte more: what follows is for others.
 *
 * @param ms - milliseconds that it may take
 * @param limit - bytes that it may have
 * @throws Error when the line is longer, does not come in time, or the connection ends before it does
 */
export function readLine(socket: Socket, ms: number, limit = usualLimit): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const timer = setTimeout(() => fail(new Error(`no answer within ${String(ms / 1000)} s`)), ms)
    function stop(): void {
      clearTimeout(timer)
      socket.off('readable', read).off('error', fail).off('close', closed)
    }
    function fail(error: Error): void {
      stop()
      reject(error)
    }
    const closed = (): void => fail(new Error('the connection was closed'))
    function read(): void {
      for (let chunk = next(); chunk !== null; chunk = next()) {
        const end = chunk.indexOf(10)
        const part = end < 0 ? chunk : chunk.subarray(0, end)
        length += part.length
        parts.push(part)
        if (length > limit) {
          fail(new Error(`a line of more than ${String(limit)} bytes`))
          return
        }
        if (end < 0) continue
        stop()
        if (end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1))
        resolve(Buffer.concat(parts).toString())
        return
      }
    }
    const next = (): Buffer | null => socket.read() as Buffer | null
    socket.on('readable', read).on('error', fail).on('close', closed)
    if (socket.destroyed) closed()
    else read()
  })
}
