#!lua flags=allow-oom
--- Release more of the dependents that were set aside because they were many.
-- @key releasing hash rq:releasing jobs whose dependents were set aside, and how these are to be released
-- @arg prefix string
-- @arg stamp  string ISO time
-- @reply {flag} 1 when there are more
-- @include lib/time
-- @include lib/dependencies

local releasingKey = KEYS[1]
local prefix, stamp = ARGV[1], ARGV[2]

local nowS = clock()
local left = RELEASED_AT_ONCE
while left > 0 do
  local next = redis.call('HRANDFIELD', releasingKey, 1, 'WITHVALUES')
  if #next == 0 then return 0 end
  left = left - releaseSetAside(prefix, next[1], next[2], left, nowS, stamp)
end
return redis.call('EXISTS', releasingKey)
