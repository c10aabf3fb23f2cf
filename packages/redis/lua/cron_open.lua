#!lua
--- Read the state of a cron job and store its rule. A new rule is in force from now on.
-- @key state hash rq:cron_state:<c>
-- @arg slot string suffix that distinguishes cron jobs of the same name
-- @arg rule string
-- @reply {[tick: string, since: string, paused: string, resumed: string, nowMs: int]}
--   last tick decided, or empty; since when the rule is in force; since when it is paused, or empty; when it was
--   resumed, or empty; Redis's time. All in ms.
-- @include lib/cron

local stateKey = KEYS[1]
local slot, rule = ARGV[1], ARGV[2]

local nowS, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'since' .. slot, 'paused', 'resumed', 'rule' .. slot)
if state[5] ~= rule or not readMs(state[2]) then
  state[2] = string.format('%.0f', nowS * 1000)
  redis.call('HSET', stateKey, 'rule' .. slot, rule, 'since' .. slot, state[2])
end
redis.call('EXPIRE', stateKey, YEAR_S)
local function known(text)
  return readMs(text) and text or ''
end
return { known(state[1]), state[2], known(state[3]), known(state[4]), nowMs }
