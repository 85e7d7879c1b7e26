import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { cached } from './cache.ts'
import { JarDownloadError, MavenMissingError } from './errors.ts'
import { lastLines, type ProgramResult, runProgram } from './program.ts'

/** The lines of Apache Kafka that the fixture knows. */
export type KafkaVersion = '4.3.1' | '3.9.2'

/** Hears of the steps that take more than a moment. */
export type Progress = (text: string) => void

/** A set of jars in the cache. */
export interface JarSet {
  /** Names the contents; another set has another name. */
  readonly name: string
  readonly directory: string
  /** All jars in a fixed order (a class archive fits one order only), as `CLASSPATH` wants them. */
  readonly classPath: string
}

/** Of `maven-dependency-plugin`. */
export const DEPENDENCY_PLUGIN_VERSION = '3.8.1'
const SLF4J_SIMPLE_VERSION = '1.7.36'
const MEGABYTES = { kafka: 44, 'kafka-tools': 54 } as const

/**
 * The jars of a Kafka server, from Maven on first use.
 *
 * @throws {MavenMissingError} `ERR_TEST_MAVEN_MISSING`
 * @throws {JarDownloadError} `ERR_TEST_JAR_DOWNLOAD`
 */
export function kafkaJars(version: KafkaVersion, onProgress?: Progress): Promise<JarSet> {
  return fetchJars('kafka', 'kafka_2.13', version, onProgress)
}

/** The jars of Kafka's command line clients, from Maven on first use; throws as `kafkaJars`. */
export function toolJars(onProgress?: Progress): Promise<JarSet> {
  return fetchJars('kafka-tools', 'kafka-tools', '4.3.1', onProgress)
}

async function fetchJars(
  label: keyof typeof MEGABYTES,
  artifactId: string,
  version: KafkaVersion,
  onProgress: Progress | undefined,
): Promise<JarSet> {
  const pom = projectObjectModel(artifactId, version)
  const name = `${label}-${version}-${createHash('sha256').update(pom).digest('hex').slice(0, 8)}`
  const directory = await cached(name, async (unfinished) => {
    onProgress?.(`fetching the jars of ${label} ${version} by Maven (${MEGABYTES[label]} MB, once)`)
    const file = join(unfinished, 'pom.xml')
    await writeFile(file, pom)
    const { stdout, stderr, code } = await runMaven(
      ['-f', file, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`],
      unfinished,
    )
    if (code !== 0) throw new JarDownloadError(`${artifactId} ${version}`, lastLines(`${stdout}${stderr}`, 12))
  })
  const jars = (await readdir(directory)).filter((entry) => entry.endsWith('.jar')).sort()
  return { name, directory, classPath: jars.map((jar) => join(directory, jar)).join(delimiter) }
}

/**
 * Runs Maven to its end, quietly. Where it has no project, it may leave marks in the folder that it runs in.
 *
 * @throws {MavenMissingError} `ERR_TEST_MAVEN_MISSING`
 */
export async function runMaven(args: readonly string[], folder: string): Promise<ProgramResult> {
  try {
    return await runProgram('mvn', ['-q', '-B', ...args], { timeoutMs: 600_000, cwd: folder })
  } catch (cause) {
    throw new MavenMissingError(cause)
  }
}

function projectObjectModel(artifactId: string, version: string): string {
  const dependency = (group: string, artifact: string, at: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${at}</version></dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>headgate</groupId><artifactId>${artifactId}-jars</artifactId><version>1</version><packaging>pom</packaging>
<build><pluginManagement><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>${DEPENDENCY_PLUGIN_VERSION}</version>
</plugin></plugins></pluginManagement></build>
<dependencies>
${dependency('org.apache.kafka', artifactId, version)}
${dependency('org.slf4j', 'slf4j-simple', SLF4J_SIMPLE_VERSION)}
</dependencies>
</project>
`
}
