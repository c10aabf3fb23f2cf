--- The jobs that a cron job or a schedule has enqueued: a sorted set, by time.
-- @include lib/attempt
-- @include lib/time

local MOST_HISTORY = 1000

--- Add a job to the history of what enqueued it, as RQ does.
local function remember(historyKey, id, nowMs)
  attempt('ZADD', historyKey, score(nowMs), id)
  attempt('ZREMRANGEBYRANK', historyKey, 0, -(MOST_HISTORY + 1))
  redis.call('EXPIRE', historyKey, YEAR_S)
end

--- How many of the newest jobs are checked for one that has not ended.
local MOST_CHECKED = 10
local ENDED = { finished = true, failed = true, stopped = true, canceled = true }

--- Whether one of the newest jobs in the history whose ids begin with `start` has not ended.
local function isRunning(prefix, historyKey, start)
  for _, id in ipairs(attempt('ZREVRANGE', historyKey, 0, MOST_CHECKED - 1) or {}) do
    if string.sub(id, 1, #start) == start then
      local status = attempt('HGET', prefix .. 'job:' .. id, 'status')
      if status and not ENDED[status] then return true end
    end
  end
  return false
end
