import type { KafkaConfig } from './options.ts'

/** What takes the place of each option of kafkajs that says how to reach the brokers. */
const replacements = Object.freeze({
  brokers: 'headgate.gateway or HEADGATE_GATEWAY',
  ssl: 'headgate.ca or HEADGATE_CA',
  sasl: 'headgate.identity, or HEADGATE_ISSUER and HEADGATE_CLIENT_ID, or HEADGATE_TOKEN_FILE',
  socketFactory: 'nothing: the connection to the gateway is opened by this package alone',
  reauthenticationThreshold: "nothing: it follows the gateway's token lifetime",
})

/** What takes the place of codecs in kafkajs's registry. */
const CODECS = '`CompressionCodecs` (in its place: nothing: gzip, snappy, lz4 and zstd are built in)'

/**
 * The one warning about options that are in the code and are not used; nothing when there is none.
 *
 * @param isCodecOffered whether a codec was put into kafkajs's registry
 */
export function describeUnusedOptions(config: KafkaConfig, isCodecOffered = false): string | undefined {
  const unused = Object.entries(replacements).filter(([name]) => config[name as keyof KafkaConfig] !== undefined)
  const list = unused.map(([name, replacement]) => `\`${name}\` (in its place: ${replacement})`)
  if (isCodecOffered) list.push(CODECS)
  if (list.length === 0) return undefined
  return `not used, because every connection goes to the gateway: ${list.join('; ')}`
}
