// The window's sample: its run, and the runs that it would have had some weeks earlier.

/** The earliest first. */
export const sampleWeeksEarlier = [8, 4] as const

export const earlierRunFolder = (run: string, weeks: number): string => `${run}-${weeks}-weeks-earlier`
