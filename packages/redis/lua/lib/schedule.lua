--- Jobs that wait for a time: `scheduled:<queue>`, by due time.
-- @include lib/time

--- Schedule a job. If it is the first one due, notify the scheduler, which may sleep until a later time.
local function schedule(prefix, queue, id, dueMs)
  local key = prefix .. 'scheduled:' .. queue
  redis.call('ZADD', key, score(dueMs), id)
  if redis.call('ZRANGE', key, 0, 0)[1] == id then redis.call('PUBLISH', prefix .. 'notify:scheduled', queue) end
end

--- Let a job and the sets of its dependencies and dependents expire. `seconds`: may be what another program wrote. The
-- job does not expire unless it is a positive number of a size that Redis takes.
local function expireAfter(prefix, id, seconds)
  seconds = math.floor(tonumber(seconds) or 0)
  if not (seconds > 0 and seconds < 1e15) then return end
  seconds = string.format('%.0f', seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id, seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', seconds)
  redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', seconds)
end
