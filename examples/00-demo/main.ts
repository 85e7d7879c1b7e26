// `npm run demo`: real Kafka, a real identity provider and the gateway, and what each claim of Headgate looks like.
// Every tick is the result of a check; when one fails the exit code is 1.
import { setDefaultCACertificates } from 'node:tls'
import { parseArgs } from 'node:util'
import { showLogLine, showWhatToTry } from './keep.ts'
import { Lifetime } from './lifetime.ts'
import { preparePrerequisites } from './prerequisites.ts'
import { runStep, type Stage, type Step, type StepResult, summarize } from './step.ts'
import { allowedStep } from './steps/allowed.ts'
import { approvalStep } from './steps/approval.ts'
import { auditStep } from './steps/audit.ts'
import { brokerCredentialStep } from './steps/broker-credential.ts'
import { clientDenialStep } from './steps/client-denial.ts'
import { exchangeStep } from './steps/exchange.ts'
import { gatewayDenialStep } from './steps/gateway-denial.ts'
import { javaClientStep } from './steps/java-client.ts'
import { masksStep } from './steps/masks.ts'
import { policyChangeStep } from './steps/policy-change.ts'
import { replayStep } from './steps/replay.ts'
import { setStage, startParts } from './steps/start.ts'
import { cross, heading, paragraph, print, silence, styled } from './terminal.ts'

const STEPS: readonly Step[] = [
  exchangeStep,
  allowedStep,
  clientDenialStep,
  gatewayDenialStep,
  javaClientStep,
  brokerCredentialStep,
  policyChangeStep,
  masksStep,
  approvalStep,
  auditStep,
  replayStep,
]
const COUNT = STEPS.length + 1

const lifetime = new Lifetime()
let isFollowingLog = false
let isAsSaid = false
let wasCutShort = false

async function showAll(isKept: boolean): Promise<void> {
  print(styled('bold', 'Headgate: every service gets exactly the Kafka topics that it needs, and no password of Kafka'))
  const startedAtMs = performance.now()
  await preparePrerequisites()
  const results: StepResult[] = []
  const stage = await start(results)
  if (stage !== undefined) {
    for (const [index, { title, claim, run }] of STEPS.entries()) {
      results.push(await runStep(`${index + 2}/${COUNT}`, title, claim, () => run(stage)))
    }
  }
  summarize(results, (performance.now() - startedAtMs) / 1000)
  isAsSaid = results.every(({ failure }) => failure === undefined)
  if (stage === undefined || !isKept) return showWhereToGo()
  await showWhatToTry(stage.world)
  isFollowingLog = true
  await lifetime.interrupted
}

/** The first step: without it there are no others. */
async function start(results: StepResult[]): Promise<Stage | undefined> {
  let stage: Stage | undefined
  const result = await runStep(
    `1/${COUNT}`,
    'Starting the parts',
    'Kafka, an identity provider and the gateway run',
    async () => {
      const starting = startParts((line) => isFollowingLog && showLogLine(line))
      lifetime.add(() =>
        starting.then(
          (world) => world.close(),
          () => undefined,
        ),
      )
      const world = await starting
      setDefaultCACertificates([world.ca.pem])
      stage = await setStage(world, lifetime)
    },
  )
  results.push(result)
  return stage
}

function showWhereToGo(): void {
  heading('Where to go from here')
  paragraph('npm run demo -- --keep   leaves everything running, with commands to try')
  paragraph('README.md                what Headgate claims, and the test that proves each claim')
  paragraph('docs/ARCHITECTURE.md     how it works; docs/reference/policy.md: what a policy can say')
  paragraph('examples/01-orders       the service, connected by kafkajs and by Headgate')
}

try {
  const { keep } = parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values
  const end = await Promise.race([showAll(keep), lifetime.interrupted])
  wasCutShort = end === 'interrupted' && !isFollowingLog
  if (end === 'interrupted') silence()
} catch (error) {
  cross(error instanceof Error ? error.message : String(error))
}
await lifetime.end()
// A step that was cut short may still try to reach what has ended: nobody waits for it.
if (wasCutShort) process.exit(130)
process.exitCode = isAsSaid ? 0 : 1
