// s3://bucket/key as its two parts.
export interface S3Address {
  readonly bucket: string
  readonly key: string
}

export const parseS3Address = (uri: string): S3Address => {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri) ?? []
  return { bucket, key }
}

/** The same address as a folder: with a slash at its end, since a bare prefix also catches siblings. */
export const asFolder = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`)
