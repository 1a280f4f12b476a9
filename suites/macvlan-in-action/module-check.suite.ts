import { scenario } from 'netwright/vitest'
import { bareNodes } from '../../fixtures/topologies/macvlan-bridge.ts'
import { macvlanInAction } from './claims.ts'
import { kernelOption } from './kernel-option.ts'

// `lsmod` lists modules, and a driver that is compiled into the kernel is none. So the document's check tells the truth on
// distribution kernels, which have macvlan as a module, and denies a macvlan that is built in. Where modprobe may not load, or
// has no modules directory (in a container), its error says nothing either way, and the device alone decides.
scenario(bareNodes, 'an empty answer of lsmod means that there is no macvlan', {
  claim: macvlanInAction.claim('A1'),
}).finding(
  'modprobe or lsmod denies macvlan, and no macvlan device can be made; or neither denies it',
  async ({ hosts: { node1 } }) => {
    const ask = node1.$({ nothrow: true })
    const modprobe = await ask`modprobe macvlan`
    const lsmod = await ask`lsmod | grep macvlan`
    const made = await ask`ip link add link ens160 mac1 type macvlan mode bridge`
    const denied = modprobe.exitCode !== 0 || lsmod.stdout.trim() === ''
    const { carried, line } = await kernelOption(node1, 'CONFIG_MACVLAN', 'macvlan')
    const cannotLoad = carried === 'as a module' && modprobe.exitCode !== 0
    const answers = [
      `modprobe: ${modprobe.exitCode === 0 ? 'no error' : modprobe.stderr.trim().replace(/\n.*/s, '')}`,
      `lsmod: ${lsmod.stdout.trim().replace(/\n.*/s, '') || 'nothing'}`,
      `ip link add: ${made.exitCode === 0 ? 'a macvlan device' : made.stderr.trim()}`,
    ]
    return {
      holds: denied === (made.exitCode !== 0),
      expected: cannotLoad ? made.exitCode !== 0 : carried !== 'built in',
      found: `${answers.join('; ')} (macvlan is ${carried}: ${line})`,
    }
  },
)
