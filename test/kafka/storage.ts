import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrokerFolder } from './broker-folders.ts'
import { PROPERTIES_FILE } from './broker-process.ts'
import type { Credential } from './credential.ts'
import { JavaProgramError } from './errors.ts'
import type { JavaProgram } from './java-program.ts'
import { lastLines, runProgram } from './program.ts'

/** The data of a broker, in the broker's folder. */
export const DATA_FOLDER = 'data'

const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512']

/**
 * Gives every broker a formatted data folder: Java formats that of broker 0, the others get a copy under their own ids.
 * The cluster knows the SCRAM users from its first moment.
 *
 * @throws {JavaProgramError} `ERR_TEST_JAVA_PROGRAM`
 */
export async function formatStorage(
  program: JavaProgram,
  folders: readonly BrokerFolder[],
  scramUsers: readonly Credential[],
): Promise<void> {
  const [first, ...others] = folders
  if (first === undefined) return
  await runStorageTool(program, join(first.directory, PROPERTIES_FILE), scramUsers)
  for (const { id, directory } of others) {
    await copyStorage(join(first.directory, DATA_FOLDER), join(directory, DATA_FOLDER), id)
  }
}

async function runStorageTool(
  { java, flags, classPath }: JavaProgram,
  propertiesPath: string,
  scramUsers: readonly Credential[],
): Promise<void> {
  const users = scramUsers.flatMap(({ username, password }) =>
    MECHANISMS.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
  )
  const args = [...flags, 'kafka.tools.StorageTool', 'format', '-t', kafkaUuid(), '-c', propertiesPath, ...users]
  const { code, stderr } = await runProgram(java, args, { env: { ...process.env, CLASSPATH: classPath } })
  // Standard output tells keys that are derived from the passwords.
  if (code !== 0) throw new JavaProgramError('kafka.tools.StorageTool', lastLines(stderr, 20))
}

async function copyStorage(from: string, to: string, brokerId: number): Promise<void> {
  await mkdir(to)
  await cp(join(from, 'bootstrap.checkpoint'), join(to, 'bootstrap.checkpoint'))
  const meta = await readFile(join(from, 'meta.properties'), 'utf8')
  const own = meta
    .replace(/^node\.id=.*$/m, `node.id=${brokerId}`)
    .replace(/^directory\.id=.*$/m, `directory.id=${kafkaUuid()}`)
  await writeFile(join(to, 'meta.properties'), own)
}

/** 16 random bytes as Kafka writes them; one that begins with `-` would be read as an option. */
function kafkaUuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? kafkaUuid() : text
}
