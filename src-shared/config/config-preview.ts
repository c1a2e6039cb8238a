// What a configuration file says: Headroom's own YAML or the pipeline's config.yaml, setting by setting beside the defaults.
import { z } from 'zod'

export const configPreviewSchema = z.object({
  path: z.string(),
  /** `pipeline`: the Python pipeline's config.yaml, of which a few keys are used. */
  kind: z.enum(['headroom', 'pipeline']),
  /** The settings found, checked. */
  settings: z.record(z.string(), z.json()),
  /** Each with Headroom's default. */
  changes: z.array(z.object({ key: z.string(), value: z.json(), defaultValue: z.json() })),
  /** Top-level keys that Headroom makes no use of. */
  ignored: z.array(z.string()),
})
export type ConfigReading = z.infer<typeof configPreviewSchema>
