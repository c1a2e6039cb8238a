// Scripts for the containers as text, as the build inlines them.
declare module '*.py?raw' {
  const text: string
  export default text
}

declare module '*.sh?raw' {
  const text: string
  export default text
}
