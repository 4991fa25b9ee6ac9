local t = read()
if not t or t.windowed == 1 and tonumber(ARGV[1]) >= t.ends then
  return 0
end
return t.count
