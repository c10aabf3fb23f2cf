/**
 * The packages of others whose code the build copies into ours, with their licences: they exist as ES modules only, and
 * our packages must work where nothing but CommonJS does (ADR 46). They are `devDependencies` of the package that holds
 * them.
 */
export const INCLUDED = ['superjson', 'string-width']
