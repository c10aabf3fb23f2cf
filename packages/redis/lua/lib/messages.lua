--- Messages of a job: `rq:messages:<id>` has those that it sent, `rq:posts:<id>` those that were posted to it. Each is
-- a list, oldest first. An element is `number bytes attempt ms call`, a line feed, and the payload: its number from 1,
-- the bytes of all payloads of its list up to its own, the attempt that sent it (0 of a post), when it was written, and
-- the call that wrote it, in hex.
--
-- The job's field `messages` has `sent sentBytes posted postedBytes`, the last numbers and bytes of both lists. A job
-- without it has no messages: a list that is there is that of an earlier job of the id.

--- How long the messages of a job that has ended are kept, for readers that have not had them all.
local KEPT_AFTER_END_S = 60

--- A job is over, or its hash is about to go. `field`: its field `messages`, or false.
local function endMessages(prefix, id, field)
  if not field then return end
  redis.call('UNLINK', prefix .. 'posts:' .. id)
  redis.call('EXPIRE', prefix .. 'messages:' .. id, KEPT_AFTER_END_S)
end
