/** For tools that read TypeScript only; `vue-tsc` knows the real types. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
