import { isGlob } from '@headgate/policy'
import type { ConfigReader } from './config-reader.ts'
import type { GroupMapping } from './issuer-config.ts'

/** Reads which names groups get in the policy, and which of them the issuer may assert. */
export function readGroupMapping(reader: ConfigReader): GroupMapping {
  const aliases = reader.textsByName('groupAliases')
  for (const [, { value, offset }] of aliases) {
    if (!isGlob(value)) continue
    const message = `\`${reader.nameOf('groupAliases')}\` gives a group a pattern`
    reader.add('ERR_GATEWAY_CONFIG_NOT_ALLOWED', message, 'give it a name without `*`', offset)
  }
  return {
    aliases: new Map(aliases.map(([id, { value }]) => [id, value])),
    assertable: reader.has('groups') ? reader.texts('groups').map(({ value }) => value) : undefined,
  }
}
