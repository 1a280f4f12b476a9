let declaring: string | undefined

/** The suite file whose scenarios are being declared, when several are read as one; see `bundle.ts`. */
export const declaringFile = (): string | undefined => declaring

/** Reads a suite file: what is declared meanwhile is of it. */
export async function whileDeclaring(file: string, read: () => Promise<unknown>): Promise<void> {
  declaring = file
  try {
    await read()
  } finally {
    declaring = undefined
  }
}
