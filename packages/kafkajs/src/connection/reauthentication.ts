const LONGEST_MS = 10_000
const SHARE_OF_LIFE = 0.2

/** How long before a session's end it is renewed: ten seconds, or a fifth of a short life. */
export function reauthenticationThresholdMs(lifetimeMs: number): number {
  return Math.floor(Math.min(LONGEST_MS, lifetimeMs * SHARE_OF_LIFE))
}

/**
 * Gives kafkajs a threshold that follows the token's life, which is not known yet when a client is created.
 *
 * kafkajs adds the threshold to the session's age, each time anew, in its own 64-bit type, and takes anything with a
 * bigint `value` for one of that type.
 */
export function createLiveThreshold(lifetimeMs: () => number): number {
  const threshold = {
    get value(): bigint {
      return BigInt(reauthenticationThresholdMs(lifetimeMs()))
    },
  }
  return threshold as unknown as number
}
