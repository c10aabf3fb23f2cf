#!lua flags=no-writes
--- List ids that were set aside, see lib/broken, longest first. Leaves out those with which nothing is wrong any more.
-- @key broken  zset rq:broken:<q> ids by the time when they were found
-- @key refused hash rq:refused:<q> by id: owner of the job since the store refused its end, and why, a line each
-- @arg prefix string
-- @arg most   int
-- @reply {string[]} for each: id, when it was found in epoch seconds, type of its key, why the store refused the end of
--   its job, or empty
-- @include lib/fault

local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix, most = ARGV[1], tonumber(ARGV[2])

local found = {}
local entries = redis.call('ZRANGE', brokenKey, 0, -1, 'WITHSCORES')
for at = 1, #entries, 2 do
  if #found >= 4 * most then break end
  local id = entries[at]
  local kind, reason = faultOf(prefix, id, attempt('HGET', refusedKey, id))
  if kind then
    local n = #found
    found[n + 1], found[n + 2], found[n + 3], found[n + 4] = id, entries[at + 1], kind, reason
  end
end
return found
