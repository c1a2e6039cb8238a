// The preview of a configuration file: its settings with Headroom's defaults, and the keys it ignores.
import { z } from 'zod'

export const configPreviewSchema = z.object({
  path: z.string(),
  /** `pipeline`: the Python pipeline's config.yaml, of which Headroom reads a few keys. */
  kind: z.enum(['headroom', 'pipeline']),
  /** The settings in the file, validated. */
  settings: z.record(z.string(), z.json()),
  /** Each with Headroom's default. */
  changes: z.array(z.object({ key: z.string(), value: z.json(), defaultValue: z.json() })),
  /** Top-level keys that Headroom ignores. */
  ignored: z.array(z.string()),
})
export type ConfigReading = z.infer<typeof configPreviewSchema>
