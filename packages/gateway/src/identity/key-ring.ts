import type { Clock, LogPort } from '@headgate/core'
import type { BundlesConfig, GatewayConfig, TokensConfig } from '../config/gateway-config.ts'
import type { PublicSigningJwk, SigningKey } from '../config/signing-key.ts'
import { SESSION_IDLE_MS } from './sessions.ts'

/** The keys of one kind, as the config has them. */
export interface SigningKeys {
  /** The one that signs. */
  readonly current: SigningKey
  readonly next: SigningKey | undefined
  readonly previous: SigningKey | undefined
}

/** The keys that the config has for tokens. */
function tokenKeysOf({ signingKey, nextKey, previousKey }: TokensConfig): SigningKeys {
  return { current: signingKey, next: nextKey, previous: previousKey }
}

/** The keys that the config has for bundles. */
function bundleKeysOf({ currentKey, nextKey, previousKey }: BundlesConfig): SigningKeys {
  return { current: currentKey, next: nextKey, previous: previousKey }
}

interface Retired {
  readonly key: SigningKey
  readonly untilMs: number
}

/**
 * The keys of one kind: the one that signs, the one that comes next, and those that have signed, for as long as anything of theirs
 * may be about.
 */
export class KeyRing {
  readonly #clock: Clock
  readonly #keptMs: number
  #keys: SigningKeys
  #retired: readonly Retired[] = []
  #published: readonly PublicSigningJwk[]

  /** @param keptMs how long something that a key has signed may be about */
  constructor(keys: SigningKeys, keptMs: number, clock: Clock) {
    this.#clock = clock
    this.#keptMs = keptMs
    this.#keys = keys
    this.#published = this.#collect()
  }

  /** The key that signs. */
  get current(): SigningKey {
    return this.#keys.current
  }

  /** What is good for verifying now, the one that signs first; the same list until it changes. */
  get published(): readonly PublicSigningJwk[] {
    const now = this.#clock.monotonicMs()
    if (this.#retired.some(({ untilMs }) => untilMs <= now)) {
      this.#retired = this.#retired.filter(({ untilMs }) => untilMs > now)
      this.#published = this.#collect()
    }
    return this.#published
  }

  /** Puts other keys in force; the one that has signed so far stays good for what it has signed. Tells whether anything changed. */
  replace(keys: SigningKeys): boolean {
    const before = JSON.stringify(this.published)
    const { current } = this.#keys
    const untilMs = this.#clock.monotonicMs() + this.#keptMs
    const others = this.#retired.filter(({ key }) => key.thumbprint !== current.thumbprint)
    this.#retired = [...others, { key: current, untilMs }].filter(
      ({ key }) => key.thumbprint !== keys.current.thumbprint,
    )
    this.#keys = keys
    const published = this.#collect()
    const hasChanged = JSON.stringify(published) !== before
    if (hasChanged) this.#published = published
    return hasChanged
  }

  #collect(): readonly PublicSigningJwk[] {
    const { current, next, previous } = this.#keys
    const keys = [current, next, previous, ...this.#retired.map(({ key }) => key)].filter((key) => key !== undefined)
    return Object.freeze([...new Map(keys.map(({ thumbprint, publicJwk }) => [thumbprint, publicJwk])).values()])
  }
}

/** The key rings of a gateway. */
export interface KeyRings {
  readonly tokens: KeyRing
  readonly bundles: KeyRing
}

/** Creates the rings of a configuration. */
export function createKeyRings({ tokens, bundles }: GatewayConfig, clock: Clock): KeyRings {
  return {
    // A session goes on from a token that ended a while ago.
    tokens: new KeyRing(tokenKeysOf(tokens), tokens.lifetimeSeconds * 1_000 + SESSION_IDLE_MS, clock),
    bundles: new KeyRing(bundleKeysOf(bundles), bundles.lifetimeSeconds * 1_000, clock),
  }
}

/** Puts the keys of a configuration in force, and tells the log of what has changed. */
export function takeKeys(rings: KeyRings, { tokens, bundles }: GatewayConfig, log: LogPort): void {
  const take = (kind: string, ring: KeyRing, keys: SigningKeys): void => {
    if (!ring.replace(keys)) return
    const { thumbprint: kid } = ring.current
    log.info({ event: 'keys', kid, count: ring.published.length }, `${kind} keys in force`)
  }
  take('token', rings.tokens, tokenKeysOf(tokens))
  take('bundle', rings.bundles, bundleKeysOf(bundles))
}
