import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { watchdog } from '../kafka/watchdog.ts'
import { startProgram } from './child-program.ts'
import type { SdkAnswer, SdkResult, SdkSetting, SdkWork } from './sdk-work.ts'

const PROGRAM = join(import.meta.dirname, 'sdk-program.ts')

/** A process with one client, which does one work after the other. */
export interface SdkProcess {
  readonly pid: number
  perform(work: SdkWork): Promise<SdkResult>
  end(): Promise<void>
}

/** Starts a process with a client as applications install it: the built packages, no source condition. */
export function startSdkProcess(setting: SdkSetting): SdkProcess {
  const child = fork(PROGRAM, [JSON.stringify(setting)], {
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production', KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const pid = child.pid ?? 0
  watchdog().watchProcess(pid)
  const ended = once(child, 'exit').then(() => watchdog().forgetProcess(pid))
  return {
    pid,
    async perform(work) {
      child.send(work)
      const answer = await Promise.race([once(child, 'message'), ended.then(() => undefined)])
      if (answer === undefined) throw new Error('a process of the bench ended')
      const [told] = answer as [SdkAnswer]
      if ('error' in told) throw new Error(`${setting.client}: ${work.kind}: ${told.error}`)
      return told.result
    },
    async end() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** Starts a process that sends one record; gives the milliseconds until it was acknowledged. */
export async function timeFirstRecord(setting: SdkSetting, topic: string): Promise<number> {
  const startedAt = performance.now()
  const child = startProgram([PROGRAM, JSON.stringify(setting), '--first', topic])
  try {
    await child.ready
    return performance.now() - startedAt
  } finally {
    await child.end()
  }
}
