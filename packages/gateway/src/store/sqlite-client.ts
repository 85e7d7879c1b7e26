import { Worker } from 'node:worker_threads'
import { StoreFailedError, StoreOpenError } from './errors.ts'
import type { SqliteReply, SqliteRequest, SqliteValue, SqliteWorkerData } from './sqlite-message.ts'

type SqliteResult = Extract<SqliteReply, { ok: true }>

interface Waiting {
  resolve(result: SqliteResult): void
  reject(error: Error): void
}

// The build puts the worker beside the file that this module ends up in.
const WORKER: URL = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js',
  import.meta.url,
)

/** A SQLite database in a thread of its own. Statements are carried out one at a time, in the order they are given. */
export class SqliteClient {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #ended: string | undefined

  private constructor(path: string) {
    const workerData: SqliteWorkerData = { path }
    this.#worker = new Worker(WORKER, { workerData, stdin: false })
    this.#worker.on('message', (reply: SqliteReply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#end(error.name))
    this.#worker.on('exit', () => this.#end('its thread has ended'))
  }

  /**
   * Opens the database; `:memory:` lives as long as the client.
   *
   * @throws {StoreOpenError} `ERR_GATEWAY_STORE_OPEN`
   */
  static async open(path: string): Promise<SqliteClient> {
    const client = new SqliteClient(path)
    try {
      await client.#wait(0)
      return client
    } catch (error) {
      await client.#worker.terminate()
      const reason = error instanceof StoreFailedError ? String(error.details['reason']) : 'unexpected'
      throw new StoreOpenError(path, reason, error)
    }
  }

  /**
   * Carries out a statement.
   *
   * @throws {StoreFailedError} `ERR_GATEWAY_STORE_FAILED`, with a reason that quotes no value.
   */
  run(sql: string, parameters: readonly SqliteValue[]): Promise<SqliteResult> {
    return this.#ask(sql, parameters)
  }

  /** Closes the database after what was asked before, and ends the thread. */
  async close(): Promise<void> {
    if (this.#ended === undefined) await this.#ask(undefined, []).catch(() => undefined)
    await this.#worker.terminate()
  }

  #ask(sql: string | undefined, parameters: readonly SqliteValue[]): Promise<SqliteResult> {
    if (this.#ended !== undefined) return Promise.reject(new StoreFailedError(this.#ended))
    const request: SqliteRequest = { id: this.#nextId, sql, parameters }
    this.#nextId += 1
    this.#worker.postMessage(request)
    return this.#wait(request.id)
  }

  #wait(id: number): Promise<SqliteResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // The thread keeps the process alive only while an answer is owed.
      this.#worker.ref()
    })
  }

  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (reply.ok) waiting?.resolve(reply)
    else waiting?.reject(new StoreFailedError(reply.reason))
  }

  #end(reason: string): void {
    this.#ended ??= reason
    for (const { reject } of this.#waiting.values()) reject(new StoreFailedError(this.#ended))
    this.#waiting.clear()
  }
}
