#!lua flags=allow-oom
--- Drop members of a group whose job is gone, or is another one of the same id that is not of the group. Drop the group
-- with its last member.
-- @key group set rq:group:<g>
-- @arg prefix string
-- @arg name   string
-- @arg ids... string the members to check
-- @reply {string[]} the others
-- @include lib/attempt

local groupKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]

local members = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local group = redis.pcall('HGET', prefix .. 'job:' .. id, 'group_id')
  -- A key of another type is for maintenance.
  if group == name or (group and group.err) then
    members[#members + 1] = id
  else
    redis.call('SREM', groupKey, id)
  end
end
if redis.call('EXISTS', groupKey) == 0 then attempt('SREM', prefix .. 'groups', name) end
return members
