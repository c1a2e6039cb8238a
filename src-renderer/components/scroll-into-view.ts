// Shows what has just come below the form, which is long.

/** For `ref`. */
export const scrollIntoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' })
