import { stripVTControlCharacters } from 'node:util'

// East Asian wide and full-width ranges, and emoji: two columns each.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const zero = /\p{Mark}/u

const widthOf = (character: string) => (zero.test(character) ? 0 : wide.test(character) ? 2 : 1)

/** Columns that a text takes on a terminal; colours count nothing. */
export function displayWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).reduce((sum, character) => sum + widthOf(character), 0)
}

/** The text, filled with spaces to a number of columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

/** The text cut to a number of columns, with `…` as its last one where something was cut. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let cut = ''
  for (const character of text) {
    if (displayWidth(cut) + widthOf(character) > width - 1) break
    cut += character
  }
  return `${cut}…`
}

/** The text broken between words into lines of at most `width` columns; a longer word is broken where the line ends. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (displayWidth(joined) <= width) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    line = ''
    for (const character of word) {
      if (displayWidth(line) + widthOf(character) > width) {
        lines.push(line)
        line = ''
      }
      line += character
    }
  }
  if (line !== '') lines.push(line)
  return lines
}

/** Wrapped lines with a first prefix and a hanging indent as wide as it. */
export function hanging(prefix: string, text: string, width: number): string[] {
  const indent = displayWidth(prefix)
  return wrap(text, width - indent).map((line, index) => (index === 0 ? prefix : ' '.repeat(indent)) + line)
}
