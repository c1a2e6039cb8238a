// Forms in which a setup and a schedule are printed.
export const setupFormats = ['terraform', 'cloudformation', 'cli'] as const
export type SetupFormat = (typeof setupFormats)[number]
