// The published JSON Schema of the configuration is the schema that the analysis checks with. Rewrite it with: npx vitest run config-schema -u
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { analysisConfigSchema } from '../../../src-shared/config/analysis-config.ts'

describe('docs/analysis-config.schema.json', () => {
  it('says what the analysis accepts', async () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Headroom analysis configuration',
      ...z.toJSONSchema(analysisConfigSchema, { io: 'input' }),
    }
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../../docs/analysis-config.schema.json')
    expect(Object.keys(schema.properties ?? {}).length).toBe(Object.keys(analysisConfigSchema.shape).length)
  })
})
