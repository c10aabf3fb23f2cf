--- The state of a cron job, `cron_state:<name>`: a hash with `paused` and `resumed` for the name, and for each job of
-- that name (with the suffixes '', ':2', ':3', ...) `rule`, `since` = when the rule came into force, and `tick` = the
-- last tick decided.
-- @include lib/attempt
-- @include lib/time

local YEAR_S = 31536000

--- A time in ms as the state has it, or nil if it is none: another program may have written something else.
local function readMs(text)
  local ms = text and string.match(text, '^%d+$') and tonumber(text)
  return ms and ms < 1e15 and ms or nil
end
local MOST_HISTORY = 1000

--- Add a job to the history of the cron job that enqueued it, as RQ does.
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
