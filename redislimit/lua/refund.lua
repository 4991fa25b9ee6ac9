local t = read()
if not t then
  return 0
end
t.count, t.level = t.count - 1, math.max(t.level - 1, 0)
if t.count <= 0 then
  redis.call('DEL', key)
  return 0
end
if t.windowed == 0 then
  t.ends = 0
end
write(t, 'KEEPTTL')
return t.count
