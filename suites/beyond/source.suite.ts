import { blocked, reached } from 'netwright'
import { scenario } from 'netwright/vitest'
import { allow, sourceChild } from '../../fixtures/topologies/source-mode.ts'
import { beyond } from './claims.ts'

const unlisted = blocked('source-mode-filter', { at: 'host/ns1 mac1' })

// The list is of senders, whoever a frame is for: an empty one makes the child deaf while it can still send.
scenario(sourceChild, 'a child in source mode hears whom its list names', { claim: beyond.claim('source') })
  .expect({ outside: { ns1: unlisted }, stranger: { ns1: unlisted }, ns1: { outside: unlisted } })
  .until(
    'the MAC address of outside is on the list',
    (hosts) => allow(hosts, 'add'),
    (hosts) => allow(hosts, 'del'),
  )
  .expect({ outside: { ns1: reached }, stranger: { ns1: unlisted }, ns1: { outside: reached, stranger: unlisted } })
  .andBack()
