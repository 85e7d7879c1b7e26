import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServiceActions } from './service.ts'

type Result<Name extends keyof ServiceActions> = Awaited<ReturnType<ServiceActions[Name]>>

interface Answer {
  readonly result?: unknown
  readonly failure?: string
}

const FLAGS = ['--conditions=@headgate/source', '--disable-warning=ExperimentalWarning']

/** The example's service, running in a process of its own. */
export class ServiceProcess {
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk
      })
    }
  }

  /** Starts the service with these variables and no others. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const child = fork(fileURLToPath(new URL('service.ts', import.meta.url)), { env, execArgv: FLAGS, silent: true })
    const service = new ServiceProcess(child)
    await service.#answer()
    return service
  }

  /** Tells the service to do one thing and waits for what comes of it. */
  async ask<Name extends keyof ServiceActions>(
    action: Name,
    ...argument: Parameters<ServiceActions[Name]>
  ): Promise<Result<Name>> {
    this.#send({ action, argument: argument[0] })
    return (await this.#answer()) as Result<Name>
  }

  /** What the service printed. */
  get output(): string {
    return this.#output
  }

  async close(): Promise<void> {
    if (!this.#child.connected) return
    const ended = once(this.#child, 'exit')
    this.#send({ action: 'end' })
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  // A channel that breaks shows as the end of the process, which whoever sends waits for as well.
  #send(request: object): void {
    this.#child.send(request, () => undefined)
  }

  async #answer(): Promise<unknown> {
    const waiting = new AbortController()
    const { signal } = waiting
    try {
      const ended = once(this.#child, 'exit', { signal }).then(() => [
        { failure: `the service ended: ${this.#output}` },
      ])
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [Answer]
      if (answer.failure !== undefined) throw new Error(answer.failure)
      return answer.result
    } finally {
      waiting.abort()
    }
  }
}
