import type { Element } from '@xmldom/xmldom'
import type { SamlAttribute } from './saml-message.ts'
import { attributeOf, childrenNamed, textOf } from './saml-xml.ts'

/**
 * Gives the attributes of an assertion: each name with the list of its values, so that they can be read by the same rules as the
 * claims of a token.
 *
 * Several elements of one name are united. A value that is no text makes the whole list `null`, which is a claim that
 * nothing can be read from.
 */
export function readAttributes(assertion: Element): readonly SamlAttribute[] {
  const attributes = new Map<string, readonly string[] | null>()
  for (const attribute of childrenNamed(assertion, 'AttributeStatement').flatMap(attributesOf)) {
    const name = attributeOf(attribute, 'Name') ?? ''
    const before = attributes.has(name) ? attributes.get(name) : []
    const values = childrenNamed(attribute, 'AttributeValue').map(textOf)
    const isAllText = values.every((value) => value !== undefined)
    attributes.set(name, isAllText && before ? [...before, ...values] : null)
  }
  return [...attributes]
}

function attributesOf(statement: Element): Element[] {
  return childrenNamed(statement, 'Attribute')
}
