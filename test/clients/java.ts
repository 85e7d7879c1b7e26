import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { toolJars } from '../kafka/jars.ts'
import { findJava } from '../kafka/java-runtime.ts'
import { type ProgramResult, runProgram } from '../kafka/program.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { type ClientConnection, type ClientSasl, securityProtocol } from './connection.ts'

/** How long a tool may run, and what it is given. */
export interface JavaToolOptions {
  readonly input?: string
  /** Killed after this; 60 s by default. */
  readonly timeoutMs?: number
  /** Client properties beside those of the connection. */
  readonly properties?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Flags of the virtual machine; by default those that make it start quickly. */
  readonly jvmFlags?: readonly string[]
}

const PLAIN_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule'
const OAUTH_LOGIN = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule'
const OAUTH_CALLBACK = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler'
const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Writes lines to a topic with Kafka's console producer. */
export function consoleProduce(
  connection: ClientConnection,
  topic: string,
  lines: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  const input = `${lines.join('\n')}\n`
  const args = (config: string): string[] => [
    '--bootstrap-server',
    connection.bootstrap,
    '--topic',
    topic,
    '--command-config',
    config,
  ]
  return runTool('org.apache.kafka.tools.ConsoleProducer', connection, args, { input, ...options })
}

/** What a console consumer reads. */
export interface ConsoleConsumeOptions extends JavaToolOptions {
  readonly group?: string
  readonly maxMessages: number
  /** Ends when nothing came for so long; 15 s by default. */
  readonly idleMs?: number
}

/** Reads a topic from its beginning with Kafka's console consumer. */
export function consoleConsume(
  connection: ClientConnection,
  topic: string,
  { group, maxMessages, idleMs = 15_000, ...options }: ConsoleConsumeOptions,
): Promise<ProgramResult> {
  const args = (config: string): string[] => [
    ...['--bootstrap-server', connection.bootstrap, '--topic', topic, '--command-config', config, '--from-beginning'],
    ...['--max-messages', String(maxMessages), '--timeout-ms', String(idleMs)],
    ...(group === undefined ? [] : ['--group', group]),
  ]
  return runTool('org.apache.kafka.tools.consumer.ConsoleConsumer', connection, args, options)
}

/** Runs Kafka's topics command; `args` beside the connection. */
export function topicsCommand(
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  return runCommand('org.apache.kafka.tools.TopicCommand', connection, args, options)
}

/** Runs Kafka's consumer groups command; `args` beside the connection. */
export function consumerGroupsCommand(
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  return runCommand('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', connection, args, options)
}

/** Runs Kafka's command for access rules; `args` beside the connection. */
export function aclsCommand(
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  return runCommand('org.apache.kafka.tools.AclCommand', connection, args, options)
}

/** Runs Kafka's command for moving partitions; `args` beside the connection. */
export function reassignCommand(
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  return runCommand('org.apache.kafka.tools.reassign.ReassignPartitionsCommand', connection, args, options)
}

function runCommand(
  mainClass: string,
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions,
): Promise<ProgramResult> {
  const all = (config: string): string[] => [
    ...['--bootstrap-server', connection.bootstrap, '--command-config', config],
    ...args,
  ]
  return runTool(mainClass, connection, all, options)
}

/** Runs a Java main class of Kafka's tools, or of the class path given, with a properties file of the connection. */
export async function runTool(
  mainClass: string,
  connection: ClientConnection,
  args: (configPath: string) => readonly string[],
  options: JavaToolOptions & { readonly classPath?: string } = {},
): Promise<ProgramResult> {
  const java = await findJava()
  const jars = await toolJars()
  const directory = await mkdtemp(join(tmpdir(), 'headgate-java-'))
  watchdog().watchFolder(directory)
  try {
    const config = join(directory, 'client.properties')
    await writeFile(config, propertiesText({ ...connectionProperties(connection), ...options.properties }), {
      mode: 0o600,
    })
    const { input, timeoutMs = 60_000, signal, classPath = '', jvmFlags = JVM } = options
    const allowed =
      connection.sasl?.mechanism === 'OAUTHBEARER'
        ? [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${connection.sasl.tokenEndpoint}`]
        : []
    return await runProgram(
      java.java,
      [...jvmFlags, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', ...allowed, mainClass, ...args(config)],
      {
        env: { ...process.env, CLASSPATH: [classPath, jars.classPath].filter((part) => part !== '').join(delimiter) },
        timeoutMs,
        ...(input === undefined ? {} : { input }),
        ...(signal === undefined ? {} : { signal }),
      },
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
    watchdog().forgetFolder(directory)
  }
}

/** The properties of a connection, as Kafka's Java clients take them. */
export function connectionProperties(connection: ClientConnection): Record<string, string> {
  const { caPath, sasl } = connection
  return {
    'bootstrap.servers': connection.bootstrap,
    'security.protocol': securityProtocol(connection),
    ...(caPath === undefined ? {} : { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': caPath }),
    ...(sasl === undefined ? {} : saslProperties(sasl)),
  }
}

function saslProperties(sasl: ClientSasl): Record<string, string> {
  if (sasl.mechanism === 'OAUTHBEARER') {
    return {
      'sasl.mechanism': sasl.mechanism,
      'sasl.login.callback.handler.class': OAUTH_CALLBACK,
      'sasl.oauthbearer.token.endpoint.url': sasl.tokenEndpoint,
      'sasl.jaas.config': `${OAUTH_LOGIN} required clientId="${sasl.clientId}" clientSecret="${sasl.clientSecret}";`,
    }
  }
  const login = sasl.mechanism === 'PLAIN' ? PLAIN_LOGIN : SCRAM_LOGIN
  return {
    'sasl.mechanism': sasl.mechanism,
    'sasl.jaas.config': `${login} required username="${sasl.username}" password="${sasl.password}";`,
  }
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
