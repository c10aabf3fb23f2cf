export { sendMail } from './mail.js'
