#!lua flags=allow-oom
--- Release more of the dependents that were set aside because they were many, and check more dependencies of jobs that
-- have very many.
-- @key releasing hash rq:releasing jobs whose dependents were set aside, and how these are to be released
-- @key unchecked hash rq:unchecked jobs whose dependencies are not all checked, and where to go on
-- @arg prefix string
-- @arg stamp  string ISO time
-- @reply {flag} 1 when there are more
-- @include lib/dependents

local releasingKey, uncheckedKey = KEYS[1], KEYS[2]
local prefix, stamp = ARGV[1], ARGV[2]

local left = RELEASED_AT_ONCE
while left > 0 do
  local next = attempt('HRANDFIELD', releasingKey, 1, 'WITHVALUES') or {}
  if #next == 0 then break end
  -- At least one, so that this ends.
  left = left - math.max(1, releaseSetAside(prefix, next[1], next[2], left, stamp))
end
while left > 0 do
  local next = attempt('HRANDFIELD', uncheckedKey, 1, 'WITHVALUES') or {}
  if #next == 0 then break end
  left = left - checkMore(prefix, next[1], next[2], stamp)
end
return hasMoreSteps(prefix) and 1 or 0
