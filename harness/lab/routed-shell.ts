import type { ProcessPromise, Shell } from 'zx'

/**
 * Keeps all that a command of a host does on that host. zx 8 looks two things up in its global `$` instead of in the
 * options that a command was started with: how to kill it, and where the commands of a pipe written as a template run.
 * Both would reach the machine that the harness runs on.
 */
export function routed(shell: Shell): Shell {
  return new Proxy(shell, {
    apply: (target, self, args) => {
      const made: unknown = Reflect.apply(target, self, args)
      if (typeof made === 'function') return routed(made as Shell)
      return keepOnHost(made as ProcessPromise, shell)
    },
  })
}

function keepOnHost(command: ProcessPromise, shell: Shell): ProcessPromise {
  const { pipe } = command
  const into =
    (source: (...args: never[]) => unknown) =>
    (destination: unknown, ...values: unknown[]) => {
      const typed = isTemplate(destination)
        ? keepOnHost(shell({ halt: true })(destination as TemplateStringsArray, ...(values as string[])), shell)
        : destination
      return source(typed as never)
    }
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (['fulfilled', 'rejected'].includes(command.stage))
      return Promise.reject(new Error('Too late to kill the process.'))
    command.child?.kill(signal)
    return Promise.resolve()
  }
  void Object.defineProperties(command, {
    pipe: {
      value: Object.assign(into(pipe), {
        stdout: into(pipe.stdout),
        stderr: into(pipe.stderr),
        stdall: into(pipe.stdall),
      }),
    },
    kill: { value: kill },
  })
  return command
}

function isTemplate(value: unknown): boolean {
  return Array.isArray(value) && 'raw' in value
}
