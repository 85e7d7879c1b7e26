import type { KafkaConfig } from './options.ts'

/** What takes the place of each option of kafkajs that says how to reach the brokers. */
const replacements = Object.freeze({
  brokers: 'headgate.gateway or HEADGATE_GATEWAY',
  ssl: 'headgate.ca or HEADGATE_CA',
  sasl: 'headgate.identity, or HEADGATE_ISSUER and HEADGATE_CLIENT_ID, or HEADGATE_TOKEN_FILE',
  socketFactory: 'nothing: the connection to the gateway is opened by this package alone',
  reauthenticationThreshold: "nothing: it follows the gateway's token lifetime",
})

/** The one warning about options that are in the code and are not used; nothing when there is none. */
export function describeUnusedOptions(config: KafkaConfig): string | undefined {
  const unused = Object.entries(replacements).filter(([name]) => config[name as keyof KafkaConfig] !== undefined)
  if (unused.length === 0) return undefined
  const list = unused.map(([name, replacement]) => `\`${name}\` (in its place: ${replacement})`)
  return `not used, because every connection goes to the gateway: ${list.join('; ')}`
}
