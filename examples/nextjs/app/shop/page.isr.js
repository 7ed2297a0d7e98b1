export { Shop as default } from '../../lib/shop.js'

export const dynamic = 'force-static'
