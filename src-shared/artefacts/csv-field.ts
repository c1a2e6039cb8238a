// A field of a CSV file as RFC 4180 writes it.

/** Quoted where it needs to be. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
