import type { World } from '@headgate/test/world'
import type { BrokerView } from './broker-view.ts'
import type { ServiceProcess } from './service-process.ts'
import { cross, heading, print, styled, tick } from './terminal.ts'

/** What the steps work on. */
export interface Stage {
  readonly world: World
  readonly service: ServiceProcess
  /** What the brokers themselves hold, seen past the gateway. */
  readonly brokers: BrokerView
}

/** One step of the demo. */
export interface Step {
  readonly title: string
  /** What the summary says when every check of the step has passed. */
  readonly claim: string
  run(stage: Stage): Promise<void>
}

/** How a step went. */
export interface StepResult {
  readonly claim: string
  readonly seconds: number
  /** What did not come out as said; absent when all did. */
  readonly failure?: string | undefined
}

/** Something did not come out as said. */
class NotAsSaidError extends Error {}

/** Prints the claim as shown when `isSo`; otherwise the step ends here, as failed, with what was seen instead. */
export function check(claim: string, isSo: boolean, seen = ''): void {
  if (!isSo) throw new NotAsSaidError(`not as said: ${claim}${seen === '' ? '' : ` (seen: ${seen})`}`)
  tick(claim)
}

/** Runs one step under its heading and tells how it went. */
export async function runStep(
  label: string,
  title: string,
  claim: string,
  run: () => Promise<void>,
): Promise<StepResult> {
  heading(`${label}  ${title}`)
  const startedAtMs = performance.now()
  const seconds = (): number => (performance.now() - startedAtMs) / 1000
  try {
    await run()
    return { claim, seconds: seconds() }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    cross(failure)
    return { claim, seconds: seconds(), failure }
  }
}

/** Prints how every step went. */
export function summarize(results: readonly StepResult[], totalSeconds: number): void {
  heading('What was shown')
  for (const { claim, seconds, failure } of results) {
    const mark = failure === undefined ? styled('green', '✓') : styled('red', '✗')
    print(`  ${mark} ${claim.padEnd(80)}${`${seconds.toFixed(1)} s`.padStart(8)}`)
  }
  const failed = results.filter(({ failure }) => failure !== undefined).length
  const verdict = failed === 0 ? 'all as said' : styled('red', `${failed} not as said`)
  print(`  ${verdict}, ${totalSeconds.toFixed(1)} s in all`)
}
