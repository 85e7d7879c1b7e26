import type { Element } from '@xmldom/xmldom'
import type { UncheckedObject } from '../token-shape.ts'
import { attributeOf, childrenNamed, textOf } from './saml-xml.ts'

/** Entra says by this that there are more groups than it puts in. */
const GROUPS_ELSEWHERE = 'http://schemas.microsoft.com/claims/groups.link'

/**
 * Gives the attributes of an assertion in the form of claims: each name with the list of its values, so that they are
 * read by the same rules as those of a token.
 *
 * Several elements of one name are united. A value that is no text makes the whole list `null`, which is a claim that
 * nothing can be read from.
 */
export function readAttributes(assertion: Element): UncheckedObject {
  const claims: Record<string, string[] | null> = Object.create(null)
  for (const attribute of childrenNamed(assertion, 'AttributeStatement').flatMap(attributesOf)) {
    const name = attributeOf(attribute, 'Name') ?? ''
    const before = Object.hasOwn(claims, name) ? claims[name] : []
    const values = childrenNamed(attribute, 'AttributeValue').map(textOf)
    const isAllText = values.every((value) => value !== undefined)
    claims[name] = isAllText && before ? [...before, ...values] : null
  }
  return claims
}

/** Whether the assertion says that its groups are not all of the subject's. */
export function areGroupsElsewhere(attributes: UncheckedObject): boolean {
  return Object.hasOwn(attributes, GROUPS_ELSEWHERE)
}

function attributesOf(statement: Element): Element[] {
  return childrenNamed(statement, 'Attribute')
}
