// The part of the XML parser sax that reads workbooks; the package brings no types.
declare module 'sax' {
  interface Parser {
    write: (text: string) => Parser
    close: () => Parser
  }
  const sax: { readonly parser: (isStrict: boolean) => Parser }
  export default sax
}
