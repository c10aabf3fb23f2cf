--- The time by Redis's clock, in seconds and in milliseconds.
local function clock()
  local time = redis.call('TIME')
  local seconds = tonumber(time[1])
  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)
end

--- Epoch milliseconds as a score in seconds with three decimals.
local function score(ms)
  return string.format('%.3f', ms / 1000)
end

--- The score of our leases is this much later than their end: the time that RQ gives its own workers beyond their
-- heartbeat. Python RQ sweeps leases by their score, so it takes a job over only if none of our workers did.
local PYTHON_SLACK_MS = 60000

local function leaseScore(endsMs)
  return score(endsMs + PYTHON_SLACK_MS)
end

local YEAR_S = 365 * 24 * 60 * 60

local turn = 0

--- A score for now plus `laterS` seconds, to the microsecond. Each is higher than the one before it in this call.
local function scoreInTurn(laterS)
  local time = redis.call('TIME')
  turn = turn + 1
  return string.format('%d.%06d', tonumber(time[1]) + math.floor((tonumber(time[2]) + turn) / 1000000) + (laterS or 0),
    (tonumber(time[2]) + turn) % 1000000)
end

--- The score of a deferred job: now, a hundred years later. RQ 2.0 to 2.7 take it for an expiry time and fail the job
-- after it.
local function deferredScore()
  return scoreInTurn(3155760000)
end
