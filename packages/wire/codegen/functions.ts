const LINE_WIDTH = 120

/**
 * Functions of a generated file that take `version` only where their body, or one they call, asks for it.
 *
 * Callees must be defined before their callers.
 */
export class FunctionTable {
  readonly #needsVersion = new Map<string, boolean>()

  /** A call of a defined function. */
  call(name: string, args: string): string {
    const needsVersion = this.#needsVersion.get(name)
    if (needsVersion === undefined) throw new Error(`${name} is called before it is defined`)
    return `${name}(${args}${needsVersion ? ', version' : ''})`
  }

  /**
   * The lines of a function. The word `flexible` in its body stands for the condition `flexible`, which becomes a
   * constant of its own where it is used and neither always true nor always false.
   */
  define(name: string, parameters: string, result: string, flexible: string, body: readonly string[]): string[] {
    if (this.#needsVersion.has(name)) throw new Error(`${name} is defined twice`)
    const isMixed = flexible !== 'true' && flexible !== 'false'
    let text = body.join('\n')
    if (!isMixed) text = text.replaceAll(/\bflexible\b/g, flexible)
    else if (/\bflexible\b/.test(text)) text = `  const flexible = ${flexible}\n${text}`
    const needsVersion = /\bversion\b/.test(text)
    this.#needsVersion.set(name, needsVersion)
    const all = needsVersion ? `${parameters}, version: number` : parameters
    return [...signature(name, all, result), text, '}', '']
  }
}

function signature(name: string, parameters: string, result: string): string[] {
  const line = `function ${name}(${parameters}): ${result} {`
  if (line.length <= LINE_WIDTH) return [line]
  return [`function ${name}(`, ...parameters.split(', ').map((each) => `  ${each},`), `): ${result} {`]
}
