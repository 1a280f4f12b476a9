import picocolors from 'picocolors'
import { coloursFor, type Colours } from '../report/colours.ts'

/** What a command prints with: results to standard output, everything else to standard error. */
export interface Terminal {
  readonly colours: Colours
  readonly errorColours: Colours
  /** Columns that texts may take. */
  readonly width: number
  readonly print: (text: string) => void
  readonly note: (text: string) => void
}

/** Colours only on a terminal; `--color` and `--no-color` decide, then `NO_COLOR`. */
export function terminal(args: readonly string[]): Terminal {
  const forced = args.includes('--color') && !args.includes('--no-color')
  const colours = (stream: NodeJS.WriteStream) =>
    forced ? picocolors.createColors(true) : coloursFor(stream, process.env, args)
  return {
    colours: colours(process.stdout),
    errorColours: colours(process.stderr),
    width: Math.min(Math.max(process.stdout.columns || 80, 60), 120),
    print: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
  }
}
