import type { Clock, ClockTimer, LogPort } from '@headgate/core'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { GatewayConfigResult } from '../config/load-config.ts'
import { fingerprintFiles } from './policy-files.ts'

/** A part of a gateway that can take up some of another configuration while it runs, without ending anything. */
export interface ConfigTaker {
  /** Takes up what it can of a configuration without problems, at once and whole; tells the log of what has changed. */
  takeConfig(config: GatewayConfig): void
}

/** What a {@link ConfigReload} needs. */
export interface ConfigReloadOptions {
  readonly config: GatewayConfig
  readonly takers: readonly ConfigTaker[]
  /** Reads the configuration anew. */
  readonly load: () => GatewayConfigResult
  readonly log: LogPort
  readonly clock: Clock
}

/**
 * Takes up keys, certificates and credentials when the configuration's files change while the gateway runs: at the same pace as the
 * policy.
 *
 * What no part takes up waits for a restart. Where the configuration has problems, all stays as it was, and the log says so.
 */
export class ConfigReload {
  readonly #options: ConfigReloadOptions
  #files: readonly string[]
  /** Nothing at first: what has changed while the gateway was being made is not known, so that the files are read once more. */
  #fingerprint: string | undefined
  #timer: ClockTimer | undefined

  constructor(options: ConfigReloadOptions) {
    this.#options = options
    this.#files = options.config.files
    if (this.#files.length > 0) this.#watch()
  }

  /** Reads the files now. */
  reload(): void {
    const { load, takers, config } = this.#options
    if (config.files.length === 0) return
    // Before they are read: what changes meanwhile is looked at next time.
    this.#fingerprint = fingerprintFiles(this.#files)
    const result = load()
    this.#lookAt(result.ok ? result.config.files : result.files)
    if (result.ok) for (const taker of takers) taker.takeConfig(result.config)
    else this.#tellProblems(result)
  }

  /** Stops looking. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #lookAt(files: readonly string[]): void {
    if (files.join() === this.#files.join()) return
    this.#files = files
    this.#fingerprint = fingerprintFiles(files)
  }

  #tellProblems({ problems }: Extract<GatewayConfigResult, { ok: false }>): void {
    const [first] = problems
    const fields = { event: 'config-refused', code: first?.code ?? 'unknown', count: problems.length }
    const message = 'keys, certificates and credentials not reloaded: the last ones stay'
    this.#options.log.error({ ...fields, path: this.#options.config.path }, message)
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
