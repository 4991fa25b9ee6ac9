-- ARGV: what the key was before a call, its life in milliseconds, what the call made
-- of it, and how many takes it counted. Nobody else has touched a key that is still as
-- the call left it: it becomes what it was. Else the takes are taken back one by one.
local key = KEYS[1]
local before, life, after, takes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local stored = redis.call('GET', key)
if (stored or '') == after then
  if before == '' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, before, 'PX', life)
  end
  return 1
end
if not stored then
  return 0
end
local t = read(stored)
for _ = 1, takes do
  t = refund(t)
end
write(key, t)
return 1
