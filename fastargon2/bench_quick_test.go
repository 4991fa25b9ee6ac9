package fastargon2
import "testing"
func BenchmarkBlock(b *testing.B){ for _,k:=range append(kernels(),kernel{Go,blockGo}) { for _,x:=range []bool{false,true}{ n:="over"; if x {n="xor"}; b.Run(k.name.String()+n, func(b *testing.B){ m:=make([]block,8); for i:=0;i<b.N;i++ { k.compress(&m[i&3],&m[(i+3)&3],&m[4+i&3],&m[7],x) } }) }}}
