--- Redis's own clock: seconds, and milliseconds.
local function clock()
  local time = redis.call('TIME')
  local seconds = tonumber(time[1])
  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)
end

--- Where the numbers of a call's executions begin. A call whose reply was lost is sent again as it is, after 50 ms at the
-- earliest: so its executions get other ids than those of the first time.
local function firstSerial(nowMs)
  return nowMs * 64 % 4294967296
end

--- Epoch milliseconds as a score in seconds that keeps them.
local function score(ms)
  return string.format('%.3f', ms / 1000)
end

--- A lease of ours is in the registry of started jobs with an end that is so much later, the time that RQ gives its own
-- workers beyond their heartbeat. So Python RQ, which sweeps what has ended there, comes only when no worker of ours did.
local PYTHON_SLACK_MS = 60000

local function leaseScore(endsMs)
  return score(endsMs + PYTHON_SLACK_MS)
end

local YEAR_S = 365 * 24 * 60 * 60

local turn = 0

--- Now as a score that keeps order: to the microsecond, each higher than the one before it. `laterS` seconds later.
local function scoreInTurn(laterS)
  local time = redis.call('TIME')
  turn = turn + 1
  return string.format('%d.%06d', tonumber(time[1]) + math.floor((tonumber(time[2]) + turn) / 1000000) + (laterS or 0),
    (tonumber(time[2]) + turn) % 1000000)
end

--- Since when a job is deferred, a hundred years later: RQ 2.0 to 2.7 take the score for an expiry time and fail the job after it.
local function deferredScore()
  return scoreInTurn(3155760000)
end
