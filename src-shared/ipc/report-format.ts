// The forms in which a whole run leaves Headroom.
export const reportFormats = ['html', 'pdf', 'xlsx', 'csv'] as const
export type ReportFormat = (typeof reportFormats)[number]
