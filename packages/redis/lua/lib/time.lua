--- Redis's own clock: seconds, and milliseconds.
local function clock()
  local time = redis.call('TIME')
  local seconds = tonumber(time[1])
  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)
end

--- Epoch milliseconds as a score in seconds that keeps them.
local function score(ms)
  return string.format('%.3f', ms / 1000)
end

local turn = 0

--- Now as a score that keeps order: to the microsecond, each higher than the one before it.
local function scoreInTurn()
  local time = redis.call('TIME')
  turn = turn + 1
  return string.format('%d.%06d', tonumber(time[1]) + math.floor((tonumber(time[2]) + turn) / 1000000),
    (tonumber(time[2]) + turn) % 1000000)
end
