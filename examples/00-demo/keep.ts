import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connectionProperties } from '@headgate/test/clients'
import { toolJars } from '@headgate/test/jars'
import type { World } from '@headgate/test/world'
import { describeLine } from './gateway-log.ts'
import { heading, paragraph, print, styled, table } from './terminal.ts'

const CLIENT_ID = 'orders'
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
const CLI =
  'node_modules/.bin/node --conditions=@headgate/source --disable-warning=ExperimentalWarning packages/cli/src/main.ts'
const NODE = '../../node_modules/.bin/node --conditions=@headgate/source --disable-warning=TimeoutNegativeWarning'

/** Writes what other clients need to connect as the service, and prints commands to try. */
export async function showWhatToTry(world: World): Promise<void> {
  const files = await writeClientFiles(world)
  const { bootstrap, httpUrl, identity, kafka } = world
  heading('Everything is still running; the commands are for another terminal, in the root of the repository')
  table([
    ['gateway, for Kafka clients', bootstrap],
    ['gateway, for tokens and rights', httpUrl],
    ['identity provider', identity.issuer],
    ['Kafka itself', `${kafka.scramBootstrap} (needs a password that only the gateway has)`],
    ['policy (an edit is in force in 10 s)', world.files.policyPath],
    ["gateway's configuration", world.files.configPath],
    ["authority of the gateway's certificate", world.ca.path],
  ])
  const { directory: tools } = await toolJars()
  const java = (mainClass: string): string =>
    `java -cp '${tools}/*' ${QUIET} org.apache.kafka.tools.${mainClass} --bootstrap-server ${bootstrap} --command-config ${files.java}`
  command('the service of examples/01-orders', [`(set -a; . ${files.env}; cd examples/01-orders && npm run headgate)`])
  command('a write of your own in Node, refused by the client; with the topic `orders` it passes', [
    `(cd examples/01-orders && ${NODE} --env-file=${files.env} -e "`,
    "  import { Kafka } from '@headgate/kafkajs'",
    "  const producer = new Kafka({ clientId: 'orders', logLevel: 0 }).producer()",
    '  await producer.connect()',
    "  await producer.send({ topic: 'audit-log', messages: [{ value: 'x' }] }).then(console.log, (error) => console.log(error.message))",
    '  await producer.disconnect()")',
  ])
  command('kcat', [
    `kcat -F ${files.kcat} -L`,
    `kcat -F ${files.kcat} -C -t orders -e`,
    `echo x | kcat -F ${files.kcat} -P -t audit-log`,
  ])
  command("Kafka's own Java clients", [
    `${java('consumer.ConsoleConsumer')} --topic orders --from-beginning --group orders-$RANDOM --max-messages 10`,
    `echo x | ${java('ConsoleProducer')} --topic audit-log`,
  ])
  showPeople(world)
  print()
  paragraph("Below, the gateway's log. Ctrl-C ends everything and removes the files.", 'bold')
}

/** Prints what people can do: each has a folder of her own, so that several are signed in at once. */
function showPeople({ ca, files, httpUrl }: World): void {
  const people = join(dirname(files.configPath), 'people')
  command('people: `login` prints an address, where the password of `grace` is `grace-password`', [
    `person() { local who=$1; shift; XDG_CONFIG_HOME=${people}/$who HEADGATE_GATEWAY=${httpUrl} HEADGATE_CA=${ca.path} ${CLI} "$@"; }`,
    'person grace login    # an engineer',
    "person grace request payments --reason 'to try it'",
    'person ada login      # she leads payments',
    'person ada approvals list',
    'person linus login    # an auditor',
    'person linus audit who-read --topic payments',
    'person linus sessions list',
    `person linus audit verify ${files.auditFolder} --key ${files.auditKeyPath}`,
  ])
}

interface ClientFiles {
  readonly env: string
  readonly java: string
  readonly kcat: string
}

async function writeClientFiles(world: World): Promise<ClientFiles> {
  const { bootstrap, ca, files } = world
  const [username, password] = [CLIENT_ID, world.secretOf(CLIENT_ID)]
  const sasl = { mechanism: 'PLAIN', username, password } as const
  const write = async (name: string, properties: Readonly<Record<string, string>>): Promise<string> => {
    const path = join(dirname(files.configPath), name)
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(path, lines.join(''), { mode: 0o600 })
    return path
  }
  return {
    env: await write('orders.env', world.environmentOf(CLIENT_ID)),
    java: await write('orders.properties', connectionProperties({ bootstrap, caPath: ca.path, sasl })),
    kcat: await write('orders.kcat', {
      'bootstrap.servers': bootstrap,
      'security.protocol': 'SASL_SSL',
      'ssl.ca.location': ca.path,
      'sasl.mechanism': 'PLAIN',
      'sasl.username': username,
      'sasl.password': password,
    }),
  }
}

let lastLine = ''

/** Prints a line of the gateway's log, but not the same one again and again. */
export function showLogLine(line: World['logLines'][number]): void {
  const text = describeLine(line)
  if (text !== lastLine) print(`gateway: ${text}`)
  lastLine = text
}

/** Prints commands as they are, from the root of the repository, to be pasted: not indented, not wrapped. */
function command(what: string, lines: readonly string[]): void {
  print(`\n  ${what}:`)
  for (const line of lines) print(styled('cyan', line))
}
