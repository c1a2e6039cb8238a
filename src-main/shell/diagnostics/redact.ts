// Removes secrets, accounts, user names and paths from log lines.
import { homedir } from 'node:os'

const replacements: readonly (readonly [RegExp, string])[] = [
  // First: values after names of secrets, and signed addresses.
  [
    /((?:secret|token|password|passwd|credential|authorization|signature|x-amz-|session)[\w-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&}]+)/gi,
    '$1[removed]',
  ],
  // A path in quotation marks is removed whole, because its names may contain blanks.
  [/(['"`])(?:[A-Za-z]:|\\\\|\/|~)[^'"`\n]*\1/g, '[path]'],
  [/\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,}\b/g, '[key id]'],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g, '[token]'],
  [/\barn:[\w-]+:[^\s"',)]+/g, '[arn]'],
  [/\bs3:\/\/[^\s"',)]+/g, '[bucket]'],
  [/\bhttps?:\/\/[^\s"',)]+/g, '[address]'],
  [/\bheadroom:\/\/[^\s"',)]+/g, '[link]'],
  [/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[mail]'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '[ip]'],
  [/(?<!\d)\d{12}(?!\d)/g, '[account]'],
  // Paths: those in the app become relative, so that traces stay readable.
  [/(?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^\s"'()<>|]*[\\/](?:app\.asar|out)[\\/](main|preload|renderer)[\\/]/g, 'app/$1/'],
  [/(?:file:\/\/)?(?<![\w/])(?:[A-Za-z]:[\\/]|\\\\|\/)[^\s"'<>|:,;)]+/g, '[path]'],
  // A run of 40 letters and digits, as secret keys have, and longer ones.
  [/(?<![\w+/])[A-Za-z0-9+/]{40,}={0,2}(?![\w+/])/g, '[removed]'],
]

/** One or several lines; the home folder and the user name are removed too. */
export const redact = (text: string, home = homedir()): string => {
  const user = home.split(/[\\/]/).at(-1) ?? ''
  const withoutHome = home.length > 1 ? text.replaceAll(home, '/~') : text
  const clean = replacements.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), withoutHome)
  return user.length > 3 ? clean.replaceAll(new RegExp(`\\b${user.replace(/[^\w]/g, '\\$&')}\\b`, 'gi'), '[user]') : clean
}
