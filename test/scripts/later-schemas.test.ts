// The build's change to schemas: built when first used, and the same schemas as without it.
import { describe, expect, it } from 'vitest'
import { parseSync } from 'vite'
import { z } from 'zod'
import { later } from '../../scripts/engine/later.mjs'
import { laterSchemas } from '../../scripts/engine/later-schemas.mjs'

const changed = (code: string): string => {
  const text = laterSchemas(code, (source) => parseSync('module.js', source).program)
  return text.replace(/^import \{ later \} from .*\n/, '')
}

describe('a module with schemas', () => {
  it('wraps each schema at its top, also those made of others', () => {
    expect(
      changed(
        [
          "import { z } from 'zod'",
          "import { otherSchema } from './other.ts'",
          'const path = z.string().min(1)',
          'export const runSchema = otherSchema.extend({ path })',
          'export const listSchema = path.array()',
        ].join('\n'),
      ),
    ).toBe(
      [
        "import { z } from 'zod'",
        "import { otherSchema } from './other.ts'",
        'const path = later(() => z.string().min(1))',
        'export const runSchema = later(() => otherSchema.extend({ path }))',
        'export const listSchema = later(() => path.array())',
      ].join('\n'),
    )
  })

  it('wraps the schemas of a table of channels, and leaves values and functions', () => {
    const code = [
      "import { z } from 'zod'",
      "const table = serve({ 'a.get': { request: z.object({}), response: doneSchema } })",
      'const names = Object.keys(table)',
      'const parsed = z.string().parse(names[0])',
      'const parse = (text) => z.string().parse(text)',
      'const { shape } = z.object({})',
    ]
    expect(changed(code.join('\n'))).toBe(code.join('\n').replace('request: z.object({})', 'request: later(() => z.object({}))'))
  })

  it('leaves a module without zod as it is', () => {
    const code = 'export const rowSchema = readSchema()'
    expect(changed(code)).toBe(code)
  })
})

describe('a schema that is built later', () => {
  it('is built once, when it is first used', () => {
    let count = 0
    const schema = later(() => {
      count += 1
      return z.object({ name: z.string() })
    })
    expect(count).toBe(0)
    expect(schema.parse({ name: 'a' })).toEqual({ name: 'a' })
    expect(schema.safeParse({ name: 1 }).success).toBe(false)
    expect(count).toBe(1)
  })

  it('parses inside other schemas as without it', () => {
    const name = later(() => z.string().min(2))
    const first = later(() => z.object({ kind: z.literal('first'), name }))
    const second = later(() => z.object({ kind: z.literal('second'), names: z.array(name).default([]) }))
    const either = later(() => z.discriminatedUnion('kind', [first, second.extend({ extra: name.nullable().optional() })]))
    expect(either.parse({ kind: 'second', extra: null })).toEqual({ kind: 'second', names: [], extra: null })
    expect(either.safeParse({ kind: 'first', name: 'x' }).error?.issues[0]).toMatchObject({ path: ['name'], code: 'too_small' })
    expect(either.safeParse({ kind: 'third' }).success).toBe(false)
    expect(first.omit({ name: true }).parse({ kind: 'first', name: 'ab' })).toEqual({ kind: 'first' })
    expect(Object.keys(first.shape)).toEqual(['kind', 'name'])
    expect(first.shape.name).toBe(name)
    expect(z.toJSONSchema(first)).toEqual(z.toJSONSchema(z.object({ kind: z.literal('first'), name: z.string().min(2) })))
  })

  it('is an instance of the class of its schema', () => {
    expect(later(() => z.string().default('')) instanceof z.ZodDefault).toBe(true)
    expect(later(() => z.string()) instanceof z.ZodDefault).toBe(false)
  })
})
