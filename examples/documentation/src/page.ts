/** The document whose words the examples count. */
export const PAGE = process.env.PAGE ?? 'http://nvie.com'
