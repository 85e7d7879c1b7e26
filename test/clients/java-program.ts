import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cached } from '../kafka/cache.ts'
import { JavaProgramError } from '../kafka/errors.ts'
import { toolJars } from '../kafka/jars.ts'
import { findJava } from '../kafka/java-runtime.ts'
import { lastLines, type ProgramResult, runProgram } from '../kafka/program.ts'
import type { ClientConnection } from './connection.ts'
import { type JavaToolOptions, runTool } from './java.ts'

/** Runs a program of `test/clients/java`, compiled on first use; its first argument is the properties of the connection. */
export async function runJavaProgram(
  name: string,
  connection: ClientConnection,
  args: readonly string[],
  options: JavaToolOptions = {},
): Promise<ProgramResult> {
  const classPath = await compiled(name)
  return await runTool(name, connection, (config) => [config, ...args], { ...options, classPath })
}

async function compiled(name: string): Promise<string> {
  const source = join(import.meta.dirname, 'java', `${name}.java`)
  const java = await findJava()
  const jars = await toolJars()
  const key = createHash('sha256')
    .update(`${await readFile(source, 'utf8')} ${java.build} ${jars.name}`)
    .digest('hex')
    .slice(0, 12)
  return await cached(`java-${name}-${key}`, async (unfinished) => {
    const args = ['-d', unfinished, '-cp', jars.classPath, source]
    const { code, stderr } = await runProgram(join(dirname(java.java), 'javac'), args)
    if (code !== 0) throw new JavaProgramError(`javac ${name}`, lastLines(stderr, 20))
  })
}
