--- The state of a cron job, `cron_state:<name>`: a hash with `paused` and `resumed` for the name, and for each job of that name
-- (their slots are '', ':2', ':3', ...) `rule`, `since` = when the rule came into force, and `tick` = the last tick that was decided.
-- @include lib/time

local YEAR_S = 31536000
local MOST_HISTORY = 1000

--- Note a job that a cron job enqueued (RQ's history).
local function remember(historyKey, id, nowMs)
  redis.call('ZADD', historyKey, score(nowMs), id)
  redis.call('ZREMRANGEBYRANK', historyKey, 0, -(MOST_HISTORY + 1))
  redis.call('EXPIRE', historyKey, YEAR_S)
end

--- The newest jobs of a cron job that are looked at to see whether one has not ended yet.
local LOOK_BACK = 10
local ENDED = { finished = true, failed = true, stopped = true, canceled = true }

--- Whether a job that this cron job enqueued has not ended: one of the newest whose ids begin with `start`.
local function isRunning(prefix, historyKey, start)
  for _, id in ipairs(redis.call('ZREVRANGE', historyKey, 0, LOOK_BACK - 1)) do
    if string.sub(id, 1, #start) == start then
      local status = redis.call('HGET', prefix .. 'job:' .. id, 'status')
      if status and not ENDED[status] then return true end
    end
  end
  return false
end
