// What a user may change about the columns of a list: which are shown, their order, widths, and which stay in view.
import { z } from 'zod'

const columnName = z.string().max(200)

export const gridLayoutSchema = z.strictObject({
  /** Columns shown or hidden by the user; others follow the list's own choice. */
  visible: z.record(columnName, z.boolean()),
  /** Columns in the user's order; others follow. */
  order: z.array(columnName).max(200),
  /** Columns that stay in view; null: the first one. */
  pinned: z.array(columnName).max(20).nullable(),
  /** Widths in pixels, set by the user. */
  sizes: z.record(columnName, z.number().min(20).max(4000)),
})
export type GridLayout = z.infer<typeof gridLayoutSchema>

export const defaultGridLayout: GridLayout = { visible: {}, order: [], pinned: null, sizes: {} }
