import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { GatewayConfigResult } from '../config/load-config.ts'
import { bundleKeysOf, type KeyRing, type KeyRings, type SigningKeys, tokenKeysOf } from '../identity/key-ring.ts'
import { fingerprintFiles } from './policy-files.ts'

/** What a {@link KeyReload} needs. */
export interface KeyReloadOptions {
  readonly config: GatewayConfig
  readonly keys: KeyRings
  /** Reads the configuration anew. */
  readonly load: () => GatewayConfigResult
  readonly log: LogPort
  readonly clock: Clock
}

/**
 * Takes other keys of tokens and bundles from the configuration's files while the gateway runs: at the same pace as the policy.
 *
 * Nothing else of the configuration is taken. Where it has problems, the keys stay, and the log says so.
 */
export class KeyReload {
  readonly #options: KeyReloadOptions
  #files: readonly string[]
  #fingerprint: string
  #timer: ClockTimer | undefined

  constructor(options: KeyReloadOptions) {
    this.#options = options
    this.#files = options.config.files
    this.#fingerprint = fingerprintFiles(this.#files)
    if (this.#files.length > 0) this.#watch()
  }

  /** Reads the files now. */
  reload(): void {
    const { load, keys, config } = this.#options
    if (config.files.length === 0) return
    // Before they are read: what changes meanwhile is looked at next time.
    this.#fingerprint = fingerprintFiles(this.#files)
    const result = load()
    if (!result.ok) {
      this.#tellProblems(result)
      return
    }
    if (result.config.files.join() !== this.#files.join()) {
      this.#files = result.config.files
      this.#fingerprint = fingerprintFiles(this.#files)
    }
    this.#take('token', keys.tokens, tokenKeysOf(result.config.tokens))
    this.#take('bundle', keys.bundles, bundleKeysOf(result.config.bundles))
  }

  /** Stops looking. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #take(kind: string, ring: KeyRing, keys: SigningKeys): void {
    if (!ring.replace(keys)) return
    const { thumbprint: kid } = ring.current
    this.#options.log.info({ event: 'keys', kid, count: ring.published.length }, `${kind} keys in force`)
  }

  #tellProblems({ problems }: Extract<GatewayConfigResult, { ok: false }>): void {
    const [first] = problems
    const fields = { event: 'keys-refused', code: first?.code ?? 'unknown', count: problems.length }
    this.#options.log.error({ ...fields, path: this.#options.config.path }, 'keys not reloaded: the last ones stay')
  }

  #watch(): void {
    const { clock, config } = this.#options
    const { reloadSeconds } = config.policy
    if (reloadSeconds === 0) return
    this.#timer = clock.after(reloadSeconds * 1_000, () => {
      if (fingerprintFiles(this.#files) !== this.#fingerprint) this.reload()
      if (this.#timer !== undefined) this.#watch()
    })
  }
}
