--- Ids whose key is no job: of another type, or a hash without data. A script that takes ids of several jobs out of
-- their places must not fail at one of them: Redis keeps what the script has written by then, and the others would be
-- in no place. So each script reads a job with `pcall`, for which a broken one looks like one that is gone. Its id is
-- set aside in `broken:<queue>`, by the time when it was found.
-- @include lib/attempt

local function noteBroken(prefix, queue, id)
  attempt('ZADD', prefix .. 'broken:' .. queue, redis.call('TIME')[1], id)
end

--- Set the id of a job aside that could not be read, unless there is no such key.
local function noteIfBroken(prefix, queue, id)
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 1 then noteBroken(prefix, queue, id) end
end
