--- Jobs that wait for a time: `scheduled:<queue>`, by due time.
-- @include lib/time

--- Put a job among them. A scheduler that sleeps until a later time hears of it.
local function schedule(prefix, queue, id, dueMs)
  local key = prefix .. 'scheduled:' .. queue
  redis.call('ZADD', key, score(dueMs), id)
  if redis.call('ZRANGE', key, 0, 0)[1] == id then redis.call('PUBLISH', prefix .. 'notify:scheduled', queue) end
end

--- Let everything that is a job's own vanish after so many seconds.
local function expireAfter(prefix, id, seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id, seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', seconds)
  redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', seconds)
end
