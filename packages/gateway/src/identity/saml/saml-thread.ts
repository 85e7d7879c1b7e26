import { Worker } from 'node:worker_threads'
import type { SamlReply, SamlRequest } from './saml-message.ts'

// The build puts the worker beside the file that this module ends up in.
const IS_SOURCE: boolean = import.meta.url.endsWith('.ts')
const WORKER: URL = new URL(IS_SOURCE ? './saml-worker.ts' : './saml-worker.js', import.meta.url)
/** Many times what the largest assertion takes; what needs more ends its thread, and not the gateway. */
const MAX_HEAP_MB = 192

/** A thread ended while it owed an answer. */
export interface SamlThreadEnd {
  /** A word that quotes nothing. */
  readonly endedBy: string
}

/** One thread that verifies one assertion at a time. */
export class SamlThread {
  readonly #worker: Worker
  #answer: ((outcome: SamlReply | SamlThreadEnd) => void) | undefined
  #hasEnded = false

  /** @param script what runs in it; a test gives another one */
  constructor(script: URL = WORKER) {
    this.#worker = new Worker(script, {
      // INVARIANT: the thread that reads what anybody can send has none of the process's variables, where secrets may be.
      env: {},
      ...(IS_SOURCE ? { execArgv: ['--conditions=@headgate/source'] } : {}),
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    this.#worker.on('message', (reply: SamlReply) => this.#settle(reply))
    // What it says may quote the assertion; what it is called does not.
    this.#worker.on('error', (error) => this.#onEnd('code' in error ? String(error.code) : error.name))
    this.#worker.on('exit', () => this.#onEnd('exit'))
    this.#worker.unref()
  }

  /** It takes no more. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Verifies an assertion; never rejects. */
  verify(request: SamlRequest): Promise<SamlReply | SamlThreadEnd> {
    if (this.#hasEnded) return Promise.resolve({ endedBy: 'exit' })
    // The thread keeps the process alive only while an answer is owed.
    this.#worker.ref()
    return new Promise((resolve) => {
      this.#answer = resolve
      this.#worker.postMessage(request)
    })
  }

  /** Ends it at once, whatever it does; what it owes is refused. */
  async end(reason: string): Promise<void> {
    this.#onEnd(reason)
    await this.#worker.terminate()
  }

  #settle(outcome: SamlReply | SamlThreadEnd): void {
    const answer = this.#answer
    this.#answer = undefined
    this.#worker.unref()
    answer?.(outcome)
  }

  #onEnd(endedBy: string): void {
    this.#hasEnded = true
    this.#settle({ endedBy })
  }
}
