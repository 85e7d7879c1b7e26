/** How Java is started with a set of jars. */
export interface JavaProgram {
  readonly java: string
  readonly flags: readonly string[]
  readonly classPath: string
}

/** `test` starts fast and stays small; `bench` compiles fully and has memory. */
export type KafkaProfile = 'test' | 'bench'

const PROFILES: Readonly<Record<KafkaProfile, readonly string[]>> = {
  test: ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k'],
  bench: ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'],
}

/** The flags of a profile. */
export function profileFlags(profile: KafkaProfile): string[] {
  return [...PROFILES[profile], '-Djava.awt.headless=true']
}

/** The flags that use a class archive; Java leaves one that does not fit unused and says nothing. */
export function archiveFlags(archive: string | undefined): string[] {
  return archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto']
}
