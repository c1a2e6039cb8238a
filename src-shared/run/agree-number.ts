// Sentences that agree with a number: "[server has|servers have] gone silent".

/** Takes of each `[one|many]` the form of the number. Insert names afterwards: they may hold brackets. */
export const agreeNumber = (sentence: string, count: number): string =>
  sentence.replace(/\[([^|[\]]*)\|([^|[\]]*)\]/g, (_, one: string, many: string) => (count === 1 ? one : many))
