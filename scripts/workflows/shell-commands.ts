/**
 * The npm, npx and netwright commands of a shell script, in words: what `sudo` and `env` before them do is left out,
 * and a variable stands for the word it would be.
 */
export function commandsIn(script: string): string[][] {
  return script
    .replaceAll(/\\\n/g, ' ')
    .split(/\n|;|&&|\|\|/)
    .flatMap((line) => {
      const words = wordsOf(line)
      const start = words.findIndex((word) => ['npm', 'npx', 'netwright'].includes(word))
      return start === -1 ? [] : [words.slice(start)]
    })
}

function wordsOf(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []
  return words.filter((word) => !/^\d*>>?/.test(word)).map((word) => word.replaceAll(/["']/g, ''))
}
