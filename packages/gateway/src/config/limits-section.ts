import type { ConfigReader, IntegerOptions } from './config-reader.ts'
import type { LimitsConfig } from './gateway-config.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS

type Bounds = Required<IntegerOptions>

const BOUNDS: Readonly<Record<keyof LimitsConfig, Bounds>> = Object.freeze({
  // Kafka's own socket.request.max.bytes.
  maxFrameBytes: { min: 64 * KIB, max: 2_047 * MIB, fallback: 100 * MIB },
  maxUnauthenticatedFrameBytes: { min: 4 * KIB, max: 512 * KIB, fallback: 128 * KIB },
  authenticationTimeoutMs: { min: 100, max: 120 * SECOND_MS, fallback: 10 * SECOND_MS },
  maxConnections: { min: 1, max: 1_000_000, fallback: 20_000 },
  maxConnectionsPerAddress: { min: 1, max: 1_000_000, fallback: 2_000 },
  maxHttpConnectionsPerAddress: { min: 1, max: 16_384, fallback: 2_000 },
  // Kafka's own connections.max.idle.ms.
  idleTimeoutMs: { min: SECOND_MS, max: 24 * HOUR_MS, fallback: 600 * SECOND_MS },
  maxReauthenticationMs: { min: SECOND_MS, max: 24 * HOUR_MS, fallback: HOUR_MS },
  // Kafka's own transaction.max.timeout.ms.
  maxTransactionTimeoutMs: { min: SECOND_MS, max: 24 * HOUR_MS, fallback: 900 * SECOND_MS },
  maxConcurrentVerifications: { min: 1, max: 1_024, fallback: 32 },
  maxFailedRequestsPerMinute: { min: 1, max: 100_000, fallback: 120 },
})

/** Reads `limits:`, each of which has a default. */
export function readLimits(reader: ConfigReader | undefined): LimitsConfig {
  const read = (key: keyof LimitsConfig): number => reader?.integer(key, BOUNDS[key]) ?? BOUNDS[key].fallback
  const limits: LimitsConfig = {
    maxFrameBytes: read('maxFrameBytes'),
    maxUnauthenticatedFrameBytes: read('maxUnauthenticatedFrameBytes'),
    authenticationTimeoutMs: read('authenticationTimeoutMs'),
    maxConnections: read('maxConnections'),
    maxConnectionsPerAddress: read('maxConnectionsPerAddress'),
    maxHttpConnectionsPerAddress: read('maxHttpConnectionsPerAddress'),
    idleTimeoutMs: read('idleTimeoutMs'),
    maxReauthenticationMs: read('maxReauthenticationMs'),
    maxTransactionTimeoutMs: read('maxTransactionTimeoutMs'),
    maxConcurrentVerifications: read('maxConcurrentVerifications'),
    maxFailedRequestsPerMinute: read('maxFailedRequestsPerMinute'),
  }
  reader?.close()
  return limits
}
