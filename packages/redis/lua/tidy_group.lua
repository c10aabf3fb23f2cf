#!lua flags=allow-oom
--- Drop members of a group whose job is gone, and the group with its last member.
-- @key group set rq:group:<g>
-- @arg prefix string
-- @arg name   string
-- @arg ids... string the members to check
-- @reply {string[]} those of them whose job exists

local groupKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]

local members = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 1 then
    members[#members + 1] = id
  else
    redis.call('SREM', groupKey, id)
  end
end
if redis.call('EXISTS', groupKey) == 0 then redis.call('SREM', prefix .. 'groups', name) end
return members
