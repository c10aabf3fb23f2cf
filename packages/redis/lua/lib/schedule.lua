--- Jobs that wait for a time: `scheduled:<queue>`, by due time.
-- @include lib/expiring
-- @include lib/time

--- Schedule a job. If it is the first one due, notify the scheduler, which may sleep until a later time.
local function schedule(prefix, queue, id, dueMs)
  local key = prefix .. 'scheduled:' .. queue
  redis.call('ZADD', key, score(dueMs), id)
  if redis.call('ZRANGE', key, 0, 0)[1] == id then redis.call('PUBLISH', prefix .. 'notify:scheduled', queue) end
end

--- Let a job that waits expire, with the sets of its dependencies and dependents. `queue`, `limit`: where it waits, see
-- lib/expiring. `seconds`: may be what another program wrote. The job does not expire unless it is a positive number of
-- a size that Redis takes.
local function expireAfter(prefix, id, seconds, queue, limit)
  seconds = math.floor(tonumber(seconds) or 0)
  if not (seconds > 0 and seconds < 1e15) then return end
  local _, nowMs = clock()
  noteExpiring(prefix, id, nowMs + seconds * 1000, queue, limit)
  seconds = string.format('%.0f', seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id, seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', seconds)
  redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', seconds)
end
