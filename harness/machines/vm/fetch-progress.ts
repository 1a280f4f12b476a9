/**
 * Turns bytes that come into a sentence after each tenth of them.
 *
 * @param what - what is fetched, such as `6.1` or `QEMU`
 */
export function everyTenth(
  what: string,
  onProgress: (sentence: string) => void,
): (done: number, total: number) => void {
  let told = 0
  return (done, total) => {
    const tenths = Math.floor((10 * done) / Math.max(total, 1))
    if (tenths > told) onProgress(`fetching ${what}: ${megabytes(done)} of ${megabytes(total)} MB`)
    told = Math.max(told, tenths)
  }
}

const megabytes = (bytes: number) => String(Math.round(bytes / 1e6))
