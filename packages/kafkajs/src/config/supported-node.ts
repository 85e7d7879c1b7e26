import { HeadgateConfigurationError } from '../errors.ts'

/** The least Node that this package runs on, as its manifest says: from here on zlib has zstd. */
const LEAST = [22, 15] as const

/**
 * Tells an older Node apart while there is still somebody to tell: what it lacks would fail later, with its own words.
 *
 * @throws HeadgateConfigurationError `ERR_KAFKAJS_CONFIGURATION`
 */
export function assertSupportedNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return
  throw new HeadgateConfigurationError({
    message: `@headgate/kafkajs needs Node ${LEAST.join('.')} or newer, and this is ${version}: run the service on a newer one`,
    details: { version },
  })
}
