package estimate_test
import ("testing";"os";"strings")
func TestBadX(t *testing.T){
 for f,l:=range map[string]float64{"/tmp/est/bad_long.txt":25,"/tmp/est/bad_short.txt":20}{
  d,_:=os.ReadFile(f); n,miss:=0,0
  for _,s:=range strings.Split(strings.TrimSuffix(string(d),"\n"),"\n"){ n++
   if r:=at2026.Estimate(s,caseOwner...); r.Bits>=l {miss++; t.Logf("%s %.1f %s",s,r.Bits,r.Weak)} }
  t.Log(f,miss,"of",n)
 }
}
