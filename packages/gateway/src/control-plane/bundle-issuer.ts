import { createHash } from 'node:crypto'
import type { Clock } from '@headgate/core'
import { type BundleClaims, compileProgram, residualFor, signBundle } from '@headgate/policy'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { PolicySnapshot } from '../control-port.ts'
import type { SignIn } from '../identity/authenticator.ts'
import type { PolicyFileSource } from './policy-source.ts'

/** What a {@link BundleIssuer} needs. */
export interface BundleIssuerOptions {
  readonly config: GatewayConfig
  readonly policySource: PolicyFileSource
  readonly clock: Clock
}

/** A signed bundle and the tag that it is compared by. */
export interface IssuedBundle {
  /** A compact JWS. */
  readonly jws: string
  /** A strong entity tag, in quotes. */
  readonly etag: string
}

interface Kept {
  readonly bundle: Promise<IssuedBundle>
  readonly refreshAfterUnixMs: number
}

const MAX_KEPT = 1_000

/**
 * Signs the bundle of a principal and keeps it until its refresh time, so that a client that asks more often is
 * answered with the same one, and one that asks then gets a bundle with a new life.
 */
export class BundleIssuer {
  readonly #options: BundleIssuerOptions
  readonly #kept = new Map<string, Kept>()

  constructor(options: BundleIssuerOptions) {
    this.#options = options
  }

  /** Gives the bundle of the policy in force for exactly this principal and client. */
  bundleFor(signIn: SignIn): Promise<IssuedBundle> {
    const snapshot = this.#options.policySource.current
    const { issuer, subject, groups } = signIn.principal
    const key = JSON.stringify([snapshot.revision, issuer, subject, groups?.toSorted() ?? null, signIn.clientId])
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.refreshAfterUnixMs > this.#options.clock.nowUnixMs()) return kept.bundle
    return this.#issue(key, signIn, snapshot)
  }

  #issue(key: string, signIn: SignIn, snapshot: PolicySnapshot): Promise<IssuedBundle> {
    const claims = this.#claims(signIn, snapshot)
    const bundle = this.#sign(claims)
    this.#kept.delete(key)
    this.#kept.set(key, { bundle, refreshAfterUnixMs: claims.refreshAfterUnixMs })
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > MAX_KEPT && oldest.done !== true) this.#kept.delete(oldest.value)
    bundle.catch(() => this.#kept.delete(key))
    return bundle
  }

  async #sign(claims: BundleClaims): Promise<IssuedBundle> {
    const { privateKey, thumbprint } = this.#options.config.bundles.currentKey
    const jws = await signBundle(claims, { privateKey, thumbprint })
    return { jws, etag: `"${createHash('sha256').update(jws).digest('base64url')}"` }
  }

  #claims({ principal, clientId }: SignIn, { revision, document }: PolicySnapshot): BundleClaims {
    const { config, clock } = this.#options
    const residual = residualFor(document, principal)
    const now = clock.nowUnixMs()
    return {
      version: 1,
      issuer: config.http.publicUrl,
      audience: clientId ?? principal.subject,
      subject: { issuer: principal.issuer, subject: principal.subject },
      cluster: config.cluster.name,
      revision,
      issuedAtUnixMs: now,
      refreshAfterUnixMs: now + config.bundles.refreshSeconds * 1_000,
      expiresAtUnixMs: now + config.bundles.lifetimeSeconds * 1_000,
      onStale: 'deny',
      mustUnderstand: [],
      canaries: [],
      residual,
      programDigest: compileProgram(residual).digest,
    }
  }
}
