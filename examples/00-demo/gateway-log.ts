import { shownFields } from '@headgate/core'
import type { World } from '@headgate/test/world'
import { check } from './step.ts'
import { paragraph } from './terminal.ts'

const SHOWN = [
  'event',
  'principal',
  'clientId',
  'apiName',
  'operation',
  'resourceType',
  'resourceName',
  'reason',
  'ruleIds',
  'code',
  'policyRevision',
] as const

/** Prints the line of the gateway's log that tells of a refused topic, and checks that there is one. */
export function showDenial(lines: World['logLines'], topic: string): void {
  const denial = lines.find(({ event, resourceName }) => event === 'denial' && resourceName === topic)
  check("the gateway's log tells who was refused what, and why", denial !== undefined)
  paragraph(`gateway: ${describeLine(denial ?? {})}`, 'yellow', '  ')
}

/** A line of the gateway's log in a few words. */
export function describeLine(line: Partial<World['logLines'][number]>): string {
  return shownFields(line, SHOWN)
    .map(([name, texts]) => `${name}=${texts.join(',')}`)
    .join(' ')
}
