import { connect } from 'node:net'
import { NetwrightError } from '../../model/errors.ts'
import type { Box, Provider } from './box-catalogue.ts'
import { hasProgram } from './programs.ts'

/** Variable that says whose libvirt runs boxes that are built here: `private`, or `system` for this machine's own. */
const libvirtVariable = 'NETWRIGHT_LIBVIRT'
/** Where this machine's own libvirt listens: libvirtd, or its successor virtqemud. */
const systemSockets = ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock']
const answerMs = 3000

/** What runs a box. */
export interface ChosenProvider {
  readonly provider: Provider
  /** Whether it is a libvirt of the run's own, in namespaces of its own. */
  readonly isPrivate: boolean
}

/** The program by which each provider is known to be there. */
const programs = { virtualbox: 'VBoxManage', vmware_desktop: 'vmrun' } as const

/**
 * Chooses what runs a box. One that is built here gets a libvirt of its own, as root; others need this machine's, with its
 * network, because they fetch what labs need.
 *
 * @param asked - the provider that the user named
 * @throws NETWRIGHT_UNSUPPORTED naming what the box is for, and what this machine has
 */
export async function findProvider(box: Box, asked: Provider | undefined): Promise<ChosenProvider> {
  const place = `machine vagrant:${box.name}`
  const suits = box.kind === 'built' ? (['libvirt'] as const) : (Object.keys(box.providers) as Provider[])
  if (asked !== undefined && !suits.some((one) => one === asked)) {
    throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `The box ${box.name} is not for the provider ${asked}`, {
      place,
      next: `It is for ${suits.join(', ')}.`,
    })
  }
  const answers = await libvirtAnswers()
  if (box.kind === 'built') {
    const choice = process.env[libvirtVariable]
    if (choice === 'system' || (choice !== 'private' && process.geteuid?.() !== 0)) {
      if (answers) return { provider: 'libvirt', isPrivate: false }
      throw new NetwrightError('NETWRIGHT_UNSUPPORTED', 'This machine’s libvirt does not answer', {
        place,
        next: 'Start it (`sudo systemctl start libvirtd`) and be in the group libvirt; or run as root, which brings its own.',
      })
    }
    return { provider: 'libvirt', isPrivate: true }
  }
  for (const provider of asked === undefined ? suits : [asked]) {
    const there = provider === 'libvirt' ? answers : await hasProgram(programs[provider])
    if (there) return { provider, isPrivate: false }
  }
  throw new NetwrightError('NETWRIGHT_UNSUPPORTED', `This machine has nothing that runs the box ${box.name}`, {
    place,
    next: `It is for ${suits.join(', ')}: start libvirt (\`sudo systemctl start libvirtd\`) or install one of the others; \`--on vagrant:debian12\` needs none of them.`,
  })
}

/** Whether somebody listens for libvirt's clients: that the socket is there proves nothing. */
async function libvirtAnswers(): Promise<boolean> {
  const answers = await Promise.all(
    systemSockets.map(
      (path) =>
        new Promise<boolean>((resolve) => {
          const socket = connect({ path, timeout: answerMs })
          const end = (answer: boolean) => () => {
            socket.destroy()
            resolve(answer)
          }
          socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
        }),
    ),
  )
  return answers.includes(true)
}
