--- Ids that nothing runs any more: their key is no job (of another type, or a hash without data), or the store refused
-- each end of their job. A script that takes ids of several jobs out of their places must not fail at one of them:
-- Redis keeps what the script has written by then, and the others would be in no place. So each script reads a job with
-- `pcall`, for which a broken one looks like one that is gone. Its id is set aside in `broken:<queue>`, by the time
-- when it was found.
-- @include lib/attempt

--- With more ids than this in a queue, the oldest are forgotten.
local MOST_BROKEN = 1000

local function noteBroken(prefix, queue, id)
  local key = prefix .. 'broken:' .. queue
  if attempt('ZADD', key, redis.call('TIME')[1], id) ~= 1 then return end
  local over = redis.call('ZCARD', key) - MOST_BROKEN
  if over <= 0 then return end
  for _, oldest in ipairs(redis.call('ZRANGE', key, 0, over - 1)) do
    redis.call('ZREM', key, oldest)
    attempt('HDEL', prefix .. 'refused:' .. queue, oldest)
  end
end

--- Set the id of a job aside that could not be read, unless there is no such key.
local function noteIfBroken(prefix, queue, id)
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 1 then noteBroken(prefix, queue, id) end
end
