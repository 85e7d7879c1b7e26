import { kafkaJars, toolJars } from '@headgate/test/jars'
import { findJava } from '@headgate/test/java'
import { ProgressLine } from './progress.ts'

/** Finds Java, and has Maven fetch Apache Kafka where it is not in the cache; throws what says how to mend the lack. */
export async function preparePrerequisites(): Promise<void> {
  const line = new ProgressLine()
  try {
    await findJava()
    await kafkaJars('4.3.1', (text) => line.begin(text))
    await toolJars((text) => line.begin(text))
  } finally {
    line.end()
  }
}
