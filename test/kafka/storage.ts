import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrokerPlan, Credential } from './broker-properties.ts'
import { JavaProgramError } from './errors.ts'
import type { JarSet } from './jars.ts'
import type { JavaRuntime } from './java-runtime.ts'
import { lastLines, runProgram } from './program.ts'

/** What formatting needs; the properties of each broker are already in its folder. */
export interface StorageOptions {
  readonly java: JavaRuntime
  readonly flags: readonly string[]
  readonly jars: JarSet
  readonly brokers: readonly BrokerPlan[]
  /** Users that the cluster knows from its first moment, for SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly scramUsers: readonly Credential[]
}

/** The name of a broker's properties in its folder. */
export const PROPERTIES_FILE = 'server.properties'

/**
 * Gives every broker a formatted data folder: Java formats the first, the others get a copy under their own ids.
 *
 * @throws {JavaProgramError} `ERR_TEST_JAVA_PROGRAM`
 */
export async function formatStorage(options: StorageOptions): Promise<void> {
  const [first, ...others] = options.brokers
  if (first === undefined) return
  await runStorageTool(options, first)
  for (const broker of others) await copyStorage(first, broker)
}

async function runStorageTool({ java, flags, jars, scramUsers }: StorageOptions, broker: BrokerPlan): Promise<void> {
  const users = scramUsers.flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
  )
  const args = ['format', '-t', kafkaUuid(), '-c', join(broker.directory, PROPERTIES_FILE), ...users]
  const { code, stderr } = await runProgram(java.java, [...flags, '-cp', jars.classPath, 'kafka.tools.StorageTool', ...args])
  // Standard output tells keys that are derived from the passwords.
  if (code !== 0) throw new JavaProgramError('kafka.tools.StorageTool', lastLines(stderr, 20))
}

async function copyStorage(from: BrokerPlan, to: BrokerPlan): Promise<void> {
  const data = join(to.directory, 'data')
  await mkdir(data)
  await cp(join(from.directory, 'data', 'bootstrap.checkpoint'), join(data, 'bootstrap.checkpoint'))
  const meta = await readFile(join(from.directory, 'data', 'meta.properties'), 'utf8')
  const own = meta.replace(/^node\.id=.*$/m, `node.id=${to.id}`).replace(/^directory\.id=.*$/m, `directory.id=${kafkaUuid()}`)
  await writeFile(join(data, 'meta.properties'), own)
}

/** 16 random bytes as Kafka writes them; a leading `-` would be read as an option. */
function kafkaUuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? kafkaUuid() : text
}
