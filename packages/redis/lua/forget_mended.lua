#!lua flags=allow-oom
--- Forget ids that were set aside, and with which nothing is wrong any more.
-- @key broken  zset rq:broken:<q> ids by the time when they were found
-- @key refused hash rq:refused:<q> see broken_jobs
-- @arg prefix string
-- @reply {int} number of ids forgotten
-- @include lib/fault

local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix = ARGV[1]

local forgotten = 0
for _, id in ipairs(redis.call('ZRANGE', brokenKey, 0, -1)) do
  if not faultOf(prefix, id, attempt('HGET', refusedKey, id)) then
    redis.call('ZREM', brokenKey, id)
    attempt('HDEL', refusedKey, id)
    forgotten = forgotten + 1
  end
end
return forgotten
