import { resolve } from 'node:path'
import { readPolicyFiles } from '@headgate/gateway'
import { type PrincipalKind, principalKinds } from '@headgate/policy'
import { idleRules } from '@headgate/policy/tools'
import type { TestGateway, TestGatewayOptions, TestKafkaAccess, TestService } from '@headgate/testkit'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CommandDefinition, type CommandIo, ExitCode } from '../command.ts'
import { createDevLog } from '../dev/dev-log.ts'
import { describeDev, devData } from '../dev/dev-words.ts'
import { writeServiceFiles } from '../dev/service-files.ts'
import { readNamedFile } from '../named-file.ts'
import { type ReportOptions, reportFailure, reportProblems, reportResult } from '../problem-report.ts'
import { withKafkaAddress } from '../unreachable-kafka.ts'

type Testkit = Pick<typeof import('@headgate/testkit'), 'passwordOf' | 'startTestGateway'>

interface DevOptions extends ReportOptions {
  readonly kafka: string
  readonly policy: string
  readonly service?: readonly TestService[]
  readonly issuer?: string
  readonly kind?: PrincipalKind
  readonly port?: number
  readonly kafkaUser?: string
  readonly kafkaPasswordFile?: string
  readonly kafkaMechanism: NonNullable<TestKafkaAccess['sasl']>['mechanism']
  readonly kafkaCa?: string
}

const ADDRESSES = /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/
const SERVICE = /^([A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:=(.+))?$/
const LAST_PORT = 65_000
/** For a policy that names no service, as one whose rules are for everyone. */
const ANY_SERVICE: TestService = { clientId: 'my-service', groups: [] }

function parseAddresses(text: string): string {
  if (!ADDRESSES.test(text)) throw new InvalidArgumentError('write `host:port`, several with commas')
  return text
}

function parseService(text: string, before: readonly TestService[] = []): readonly TestService[] {
  const [, clientId, groups = ''] = SERVICE.exec(text) ?? []
  if (clientId === undefined) throw new InvalidArgumentError('write `name`, or `name=group,group`')
  return [...before, { clientId, groups: groups.split(',').filter((group) => group !== '') }]
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > LAST_PORT) {
    throw new InvalidArgumentError(`write a port, 1 to ${LAST_PORT}`)
  }
  return port
}

async function accessOf(io: CommandIo, options: DevOptions): Promise<TestKafkaAccess> {
  const { kafkaUser: username, kafkaPasswordFile: file, kafkaMechanism: mechanism, kafkaCa } = options
  const ca = kafkaCa === undefined ? {} : { caPath: resolve(io.folder, kafkaCa) }
  if (username === undefined || file === undefined) return ca
  const password = (await readNamedFile(io, "Kafka's password", file)).trim()
  return { ...ca, sasl: { mechanism, username, password } }
}

async function start(io: CommandIo, options: DevOptions, testkit: Testkit): Promise<TestGateway> {
  const { kafka, issuer, kind, port, service = [] } = options
  const settings: TestGatewayOptions = {
    ...{ kafka, policy: resolve(io.folder, options.policy), services: service },
    kafkaAccess: await accessOf(io, options),
    ...(issuer === undefined ? {} : { issuerName: issuer }),
    ...(kind === undefined ? {} : { kind }),
    ...(port === undefined ? {} : { firstPort: port }),
    ...{ fallbackService: ANY_SERVICE, log: createDevLog(io), clock: io.clock },
  }
  try {
    return await testkit.startTestGateway(settings)
  } catch (error) {
    throw withKafkaAddress(error, kafka)
  }
}

function endSignal(io: CommandIo): Promise<void> {
  return new Promise((resolve) => {
    io.onSignal('SIGTERM', resolve)
    io.onSignal('SIGINT', resolve)
  })
}

async function serve(io: CommandIo, options: DevOptions): Promise<ExitCode> {
  const ended = endSignal(io)
  // Loaded by this command alone: what an identity provider is made of is no part of a gateway.
  const testkit = await import('@headgate/testkit')
  const gateway = await start(io, options, testkit)
  try {
    const { kafka, policy } = options
    const { passwordOf } = testkit
    const idle = idleRules(gateway.policy, gateway.principals, io.clock.nowUnixMs())
    const setting = { gateway, files: writeServiceFiles(gateway), kafka, policy, idle, passwordOf }
    reportResult(io, devData(setting), describeDev(setting), options)
    await ended
  } finally {
    await gateway.close()
  }
  return ExitCode.Ok
}

async function runDev(io: CommandIo, options: DevOptions): Promise<ExitCode> {
  const { result } = readPolicyFiles(resolve(io.folder, options.policy))
  if (!result.ok) return reportProblems(io, result.problems, { ...options, outcome: 'nothing was started' })
  try {
    return await serve(io, options)
  } catch (error) {
    return reportFailure(io, error, options)
  }
}

function addKafkaOptions(command: Command): Command {
  return command
    .option('--kafka-user <name>', 'whom the gateway signs in to Kafka as; nobody otherwise')
    .option('--kafka-password-file <file>', 'the password of that user')
    .addOption(
      new Option('--kafka-mechanism <name>', 'how it signs in')
        .choices(['plain', 'scram-sha-256', 'scram-sha-512'])
        .default('scram-sha-512'),
    )
    .option('--kafka-ca <file>', 'the authority of the brokers, PEM; without it Kafka is spoken to in plaintext')
}

/** `headgate dev --kafka <addresses> --policy <file>` */
export const defineDev: CommandDefinition = (parent, select) => {
  const command = parent
    .command('dev')
    .description('a gateway with a test identity provider before a Kafka of your own, for development on this machine')
    .option('--kafka <addresses>', 'bootstrap servers, `host:port`', parseAddresses, 'localhost:9092')
    .requiredOption('--policy <file>', 'the policy; a change is in force a second later')
    .option('--service <name[=groups]>', 'a service beside those that the policy names; repeat it', parseService)
    .option('--issuer <name>', 'what the policy calls the issuer; the first that it names, or `dev`, otherwise')
    .addOption(
      new Option(
        '--kind <kind>',
        'what the issuer says stands behind each of them; what grants ask for otherwise',
      ).choices(principalKinds),
    )
    .option('--port <port>', 'the first of the ports to listen at; free ones otherwise', parsePort)
  addKafkaOptions(command)
    .option('--json', 'write what was started as JSON', false)
    .action((options: DevOptions) => {
      const isHalf = (options.kafkaUser === undefined) !== (options.kafkaPasswordFile === undefined)
      if (isHalf) command.error('error: give `--kafka-user` and `--kafka-password-file` together, or neither')
      select((io) => runDev(io, options))
    })
}
